import type { RefresherOptions, Value } from "../../index.js";

/**
 * Bullhorn: `createRefresher({ ...bullhorn({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://auth.bullhornstaffing.com/oauth/token`, all in the query, with client_id and client_secret
 *   beside it.
 * - Access tokens: not stated. Refresh tokens: not stated.
 * - Rotation: a new one each time.
 * - `reuse` is `"never"`: no refresh token is sent twice, so a lost reply is `outcome_unknown`.
 * - Has a function beside its data: transport makes the login call that turns the access token into a BhRestToken.
 * - The secret is in the address, as Bullhorn has it. `restUrl` is among the tokens.
 * - Not verified, from memory: the address of the login call, lifetimes, errors.
 * - Source: NangoHQ/nango@2f4c0af packages/shared/lib/clients/provider.client.ts.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function bullhorn(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
