import type { RefresherOptions, Value } from "../../index.js";

/** Who the application is at Go1 or GoTo, and where to ask if not at the documented endpoint. */
export interface ConfidentialClient {
  /** As it was registered. */
  client_id: string;
  /** As it was registered; a function is asked at each refresh. */
  client_secret: Value;
  /** Default: the documented one. */
  token_endpoint?: string;
}

/**
 * Go1, after its page "Grant Type: Refresh Token".
 *
 * - Asks `https://auth.go1.com/oauth/token` by form, with client_id and client_secret in the body.
 * - Access tokens live 12 hours (`expires_in` 43200), refresh tokens 90 days.
 * - Rotation: each refresh token works once, and each reply brings a new one. A lost reply is therefore `outcome_unknown`:
 *   the token is not sent again. An idle session is refreshed every 30 days, so that its refresh token does not die.
 * - `refresher.fetch` sends the token to `https://api.go1.com`, and takes a 401, or a 400 or 403 that says "Invalid token", for a
 *   dead access token: the page names the error and neither its status nor its form.
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
