import type { RefresherOptions, Value } from "../../index.js";

/**
 * Auth0: `createRefresher({ ...auth0({ tenant, client_id }), storage })`.
 *
 * - Request: `POST https://{tenant}.auth0.com/oauth/token` by form, with client_id and client_secret beside it; without a
 *   secret as a public client.
 * - Access tokens: not stated. Refresh tokens: set by the administrator, absolute and idle.
 * - Rotation: set per application: none, or a new one each time with reuse detection.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - If rotation has a leeway, write `reuse: { graceSeconds: … }` after the preset; for a custom domain, its
 *   `token_endpoint`.
 * - Source: auth0.com: configure refresh token rotation, expiration; node-auth0 ClientRefreshTokenConfiguration;
 *   auth0/Auth0.Android 562, auth0/auth0-react 501, auth0/docs 3943.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function auth0(options: {
  /** The part before `.auth0.com`, with its region: `my-tenant.eu`. */
  tenant: string;
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret?: Value;
}): RefresherOptions;
