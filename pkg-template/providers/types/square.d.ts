import type { RefresherOptions, Value } from "../../index.js";

/**
 * Square: `createRefresher({ ...square({ client_id }), storage })`.
 *
 * - Request: `POST https://connect.squareup.com/oauth2/token` in JSON, with client_id and client_secret beside it; without
 *   a secret as a public client.
 * - Access tokens: 30 d. Refresh tokens: no expiry; 90 d and one use with PKCE.
 * - Rotation: the same one with the code flow, a new one each time with PKCE.
 * - `reuse` is `"always"`: a lost reply is retried.
 * - Refreshed every 7 days, also without a call.
 * - Source: developer.squareup.com: obtain token, refresh revoke limit scope; developer.squareup.com/forums 11056.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function square(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret?: Value;
}): RefresherOptions;
