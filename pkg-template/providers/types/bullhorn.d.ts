import type { RefresherOptions, Value } from "../../index.js";

/**
 * Bullhorn: `createRefresher({ ...bullhorn({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://auth.bullhornstaffing.com/oauth/token`, all in the query, with client_id and client_secret
 *   beside it.
 * - Access tokens: 10 min or one use. Refresh tokens: one use.
 * - Rotation: a new one each time, each works once; the access token works once too, for the login call.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Not plain data: transport makes the login call that turns the access token into a BhRestToken.
 * - Bullhorn wants the secret in the URL: keep these requests out of logs. `restUrl` is a member of the tokens.
 * - Not verified, from memory: the address of the login call, errors.
 * - Searched without success: bullhorn.github.io: Getting-Started-with-REST (a user's data centre has addresses of its
 *   own, from rest-services/loginInfo), docs/oauth.
 * - Source: NangoHQ/nango@2f4c0af packages/shared/lib/clients/provider.client.ts; bullhorn.github.io:
 *   Getting-Started-with-REST, docs/oauth; jiminny/oauth2-bullhorn, its README.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function bullhorn(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
