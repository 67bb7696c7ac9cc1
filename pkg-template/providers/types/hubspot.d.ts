import type { RefresherOptions, Value } from "../../index.js";

/**
 * HubSpot: `createRefresher({ ...hubspot({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://api.hubapi.com/oauth/v1/token` by form, with client_id and client_secret beside it.
 * - Access tokens: 30 min. Refresh tokens: until the app is uninstalled.
 * - Rotation: the same one each time.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Not verified, from memory: rotation, refresh token's lifetime.
 * - Searched without success: developers.hubspot.com: post-oauth-v1-token; nango.dev/blog/hubspot-oauth-bad-refresh-token.
 * - Source: NangoHQ/nango@2f4c0af packages/providers/providers.yaml; code of several clients for BAD_REFRESH_TOKEN;
 *   nango.dev/blog/hubspot-oauth-bad-refresh-token; educative.io building-websites-using-hubspot-cms-apis.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function hubspot(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
