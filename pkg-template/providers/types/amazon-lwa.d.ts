import type { RefresherOptions, Value } from "../../index.js";

/**
 * Login with Amazon, SP-API: `createRefresher({ ...amazonLwa({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://api.amazon.com/auth/o2/token` by form, with client_id and client_secret beside it.
 * - Access tokens: 1 h. Refresh tokens: until revoked; 1 year for SP-API.
 * - Rotation: the same one each time.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Not verified, from memory: rotation, the year of SP-API.
 * - Searched without success: developer.amazon.com: access-token (calls it a new refresh token), refresh-token,
 *   use-refresh-token.
 * - Source: NangoHQ/nango@2f4c0af packages/providers/providers.yaml; developer.amazon.com/docs/login-with-amazon:
 *   refresh-token, access-token, retrieve-token-other-platforms-cbl-docs.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function amazonLwa(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
