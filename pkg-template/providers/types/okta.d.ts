import type { RefresherOptions, Value } from "../../index.js";

/**
 * Okta: `createRefresher({ ...okta({ domain, client_id }), storage })`.
 *
 * - Request: `POST https://{domain}/oauth2/default/v1/token` by form, with HTTP Basic; without a secret as a public
 *   client.
 * - Access tokens: not stated. Refresh tokens: the administrator's choice.
 * - Rotation: a new one each time for single-page apps, an app's choice else.
 * - `reuse` is `"never"`: no refresh token is sent twice, so a lost reply is `outcome_unknown`.
 * - With a grace: write `reuse: { graceSeconds: … }` behind the preset. With private_key_jwt: `clientAuth:
 *   privateKeyJwt(…)`.
 * - Not verified, from memory: the grace of 0 to 60 seconds, errors of the client.
 * - Looked at without finding that: full-text search of public documentation for Okta's token endpoint.
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
