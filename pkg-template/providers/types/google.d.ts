import type { RefresherOptions, Value } from "../../index.js";

/**
 * Google: `createRefresher({ ...google({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://oauth2.googleapis.com/token` by form, with client_id and client_secret beside it.
 * - Access tokens: 1 h. Refresh tokens: until revoked; 7 d in "Testing" status; 6 months unused; at most 100 per account
 *   and client, then the oldest is revoked.
 * - Rotation: none: the refresh token stays the same.
 * - `reuse` is `"always"`: a lost reply is retried.
 * - Refreshed every 30 days, also without a call.
 * - Source: developers.google.com/identity/protocols/oauth2/web-server; NangoHQ/nango@2f4c0af
 *   packages/providers/providers.yaml; googleapis/google-auth-library-nodejs 1961, google-api-nodejs-client 2353.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function google(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
