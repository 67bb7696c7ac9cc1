import type { RefresherOptions, Value } from "../../index.js";

/**
 * MCP servers on @cloudflare/workers-oauth-provider: `createRefresher({ ...mcpCloudflare({ host, client_id }), storage })`.
 *
 * - Request: `POST https://{host}/token` by form, with HTTP Basic; without a secret as a public client.
 * - Access tokens: not stated. Refresh tokens: not stated.
 * - Rotation: a new one each time; the old one works until the new one is used.
 * - `reuse` is `"until-successor-used"`: a lost reply is retried.
 * - Source: cloudflare/workers-oauth-provider 0.10.3 src/oauth-provider.ts.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function mcpCloudflare(options: {
  /** The server's host. Never take it from user input. */
  host: string;
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret?: Value;
}): RefresherOptions;
