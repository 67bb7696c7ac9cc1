import type { RefresherOptions, Value } from "../../index.js";

/**
 * Linear: `createRefresher({ ...linear({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://api.linear.app/oauth/token` by form, with client_id and client_secret beside it.
 * - Access tokens: 24 h. Refresh tokens: not stated.
 * - Rotation: a new one each time.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Not verified, from memory: rotation, a grace period of 30 minutes, errors of the client.
 * - Searched without success: nango.dev/blog/linear-oauth-refresh-token-invalid-grant.
 * - Source: linear.app/developers/oauth-2-0-authentication; ceedaragents/cyrus#285;
 *   nango.dev/blog/linear-oauth-refresh-token-invalid-grant.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function linear(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
