import type { RefresherOptions, Value } from "../../index.js";

/**
 * X (Twitter) v2: `createRefresher({ ...xTwitter({ client_id }), storage })`.
 *
 * - Request: `POST https://api.x.com/2/oauth2/token` by form, with HTTP Basic; without a secret as a public client.
 * - Access tokens: 2 h. Refresh tokens: 6 months.
 * - Rotation: a new one each time, each works once.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Refreshed every 30 days, also without a call.
 * - Source: docs.x.com: OAuth 2.0 authorization code; code of several clients for the error; trypostit/trypost 126, 299;
 *   r-lib/httr2 197.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function xTwitter(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret?: Value;
}): RefresherOptions;
