import type { RefresherOptions, Value } from "../../index.js";

/**
 * X (Twitter) v2: `createRefresher({ ...xTwitter({ client_id }), storage })`.
 *
 * - Asks `POST https://api.x.com/2/oauth2/token` by form, with HTTP Basic; without a secret as a public client.
 * - Access tokens: 2 h. Refresh tokens: 6 months.
 * - Rotation: a new one each time, each works once.
 * - `reuse` is `"never"`: no refresh token is sent twice, so a lost reply is `outcome_unknown`.
 * - Refreshed every 30 days even if nobody asks.
 * - From memory, not verified: rotation, refresh token's lifetime.
 * - Source: docs.x.com: OAuth 2.0 authorization code; code of several clients for the error.
 *
 * @throws TypeError for an option that is missing or does not fit.
 */
export function xTwitter(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that is asked for it at each request. */
  client_secret?: Value;
}): RefresherOptions;
