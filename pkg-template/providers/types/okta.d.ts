import type { RefresherOptions, Value } from "../../index.js";

/**
 * Okta: `createRefresher({ ...okta({ domain, client_id }), storage })`.
 *
 * - Request: `POST https://{domain}/oauth2/default/v1/token` by form, with HTTP Basic; without a secret as a public
 *   client.
 * - Access tokens: not stated. Refresh tokens: set by the administrator.
 * - Rotation: a new one each time for single-page apps, set per app for others.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - After the preset, write `reuse: { graceSeconds: … }` for a grace period, and `clientAuth: privateKeyJwt(…)` for
 *   private_key_jwt.
 * - Not verified, from memory: the grace period of 0 to 60 seconds, errors of the client.
 * - Searched without success: full-text search of public documentation for Okta's token endpoint.
 * - Source: NangoHQ/nango@2f4c0af packages/providers/providers.yaml; developer.okta.com: refresh token rotation;
 *   okta/okta-react-native 287.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function okta(options: {
  /** The whole host: `dev-1.okta.com`, or one of your own. Never take it from user input. */
  domain: string;
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret?: Value;
  /** Its id. Default `default`. */
  authorizationServer?: string;
}): RefresherOptions;
