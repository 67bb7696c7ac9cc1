import type { RefresherOptions, Value } from "../../index.js";

/**
 * Keycloak: `createRefresher({ ...keycloak({ host, realm, client_id }), storage })`.
 *
 * - Asks `POST https://{host}/realms/{realm}/protocol/openid-connect/token` by form, with client_id and client_secret
 *   beside it; without a secret as a public client.
 * - Access tokens: not stated. Refresh tokens: the shorter of the realm's session times.
 * - Rotation: a new one each time; old ones stay good unless the realm revokes them.
 * - `reuse` is `"never"`: no refresh token is sent twice, so a lost reply is `outcome_unknown`.
 * - From memory, not verified: rotation, errors.
 * - Source: Keycloak's server administration guide (timeouts).
 *
 * @throws TypeError for an option that is missing or does not fit.
 */
export function keycloak(options: {
  /** The server's host, with its port if it has one. Never take it from whoever calls you. */
  host: string;
  /** The realm's name. */
  realm: string;
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that is asked for it at each request. */
  client_secret?: Value;
}): RefresherOptions;
