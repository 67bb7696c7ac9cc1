import type { RefresherOptions, Value } from "../../index.js";

/**
 * Zendesk: `createRefresher({ ...zendesk({ subdomain, client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://{subdomain}.zendesk.com/oauth/tokens` by form, with client_id and client_secret beside it.
 * - Access tokens: 30 min, as asked for. Refresh tokens: not stated.
 * - Rotation: a new one each time.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Not verified, from memory: rotation, errors of the client.
 * - Searched without success: developer.zendesk.com: refresh-token, api-tokens-to-oauth.
 * - Source: NangoHQ/nango@2f4c0af packages/providers/providers.yaml; support.zendesk.com 4408831387930;
 *   nango.dev/blog/zendesk-oauth-refresh-token-invalid-grant.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function zendesk(options: {
  /** The part before `.zendesk.com`. */
  subdomain: string;
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
