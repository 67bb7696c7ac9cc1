import type { RefresherOptions, Value } from "../../index.js";

/**
 * Facebook: `createRefresher({ ...facebook({ client_id, client_secret }), storage })`.
 *
 * - Request: `GET https://graph.facebook.com/v22.0/oauth/access_token`, all in the query, with client_id and client_secret
 *   beside it.
 * - Access tokens: about 60 d. Refresh tokens: none.
 * - Rotation: no refresh token: the access token is exchanged for a new one.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Refreshed every 7 days, also without a call.
 * - Facebook wants the secret in the URL: keep these requests out of logs.
 * - Source: NangoHQ/nango@2f4c0af packages/shared/lib/clients/provider.client.ts; code of several clients for the error;
 *   developers.facebook.com: get-long-lived.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function facebook(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
