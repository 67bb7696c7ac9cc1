import type { RefresherOptions, Value } from "../../index.js";

/**
 * Notion: `createRefresher({ ...notion({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://api.notion.com/v1/oauth/token` in JSON, with HTTP Basic.
 * - Access tokens: not stated. Refresh tokens: not stated.
 * - Rotation: a new one each time, or null.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Not verified, from memory: errors of the client.
 * - Searched without success: makenotion/notion-cookbook 1.
 * - Source: developers.notion.com/reference/refresh-a-token; NangoHQ/nango@2f4c0af packages/providers/providers.yaml;
 *   nango.dev/blog/notion-oauth-refresh-token-invalid-grant.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function notion(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
