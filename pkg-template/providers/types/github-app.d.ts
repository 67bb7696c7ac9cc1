import type { RefresherOptions, Value } from "../../index.js";

/**
 * GitHub App user tokens: `createRefresher({ ...githubApp({ client_id }), storage })`.
 *
 * - Request: `POST https://github.com/login/oauth/access_token` by form, with client_id and client_secret beside it;
 *   without a secret as a public client.
 * - Access tokens: 8 h. Refresh tokens: 6 months.
 * - Rotation: a new one each time; the old refresh token and access token are revoked at once.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Refreshed every 30 days, also without a call.
 * - The secret is not needed for tokens of the device flow.
 * - Source: docs.github.com refreshing-user-access-tokens; code of several clients for bad_refresh_token.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function githubApp(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret?: Value;
}): RefresherOptions;
