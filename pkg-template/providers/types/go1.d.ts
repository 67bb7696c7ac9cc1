import type { RefresherOptions, Value } from "../../index.js";

/** The client's credentials at Go1 or GoTo, and the token endpoint if it is not the documented one. */
export interface ConfidentialClient {
  /** As it was registered. */
  client_id: string;
  /** As it was registered, or a function that is called at each refresh. */
  client_secret: Value;
  /** Default: the documented one. */
  token_endpoint?: string;
}

/**
 * Go1, from its page "Grant Type: Refresh Token".
 *
 * - Request: `POST https://auth.go1.com/oauth/token` by form, with client_id and client_secret in the body.
 * - Access tokens live 12 hours (`expires_in` 43200), refresh tokens 90 days.
 * - Rotation: each refresh token works once, and each reply contains a new one. So a lost reply is `outcome_unknown`, and is not
 *   retried. An idle session is refreshed every 30 days, so that its refresh token does not expire.
 * - `refresher.fetch` sends the token to `https://api.go1.com`. A 401, or a 400 or 403 that contains "Invalid token", counts as a
 *   refused access token, because the page names the error without its status and format.
 *
 * @throws TypeError without client_id or client_secret.
 *
 * @example
 * ```ts
 * import { createRefresher } from "oauth-refresher";
 * import { go1 } from "oauth-refresher/providers";
 *
 * const refresher = createRefresher({ ...go1({ client_id: "…", client_secret: "…" }), tokens: { refresh_token: "…" } });
 * const account = await refresher.fetch("https://api.go1.com/v2/account");
 * ```
 */
export function go1(options: ConfidentialClient): RefresherOptions;
