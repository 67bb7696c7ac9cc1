import type { RefresherOptions, Value } from "../../index.js";

/**
 * Keycloak: `createRefresher({ ...keycloak({ host, realm, client_id }), storage })`.
 *
 * - Request: `POST https://{host}/realms/{realm}/protocol/openid-connect/token` by form, with client_id and client_secret
 *   beside it; without a secret as a public client.
 * - Access tokens: not stated. Refresh tokens: the shorter of the realm's session times.
 * - Rotation: a new one each time; old ones stay valid unless the realm revokes them.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Source: Keycloak's server administration guide (timeouts); mauriciovigolo/keycloak-angular 564,
 *   marcospereirampj/python-keycloak 53; phasetwo.io/docs/security/tokens-and-sessions (26.8.1); qiita.com KWS_0901
 *   729e1d36bea81c5e3b92.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function keycloak(options: {
  /** The server's host, with its port if it has one. Never take it from user input. */
  host: string;
  /** The realm's name. */
  realm: string;
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret?: Value;
}): RefresherOptions;
