import type { RefresherOptions } from "../../index.js";

/**
 * Vault (vault.ist), from its page "Refreshing Access Tokens".
 *
 * - Request: `POST /v1/auth/token` with the headers `partnerId` and `grantType` and the JSON body `{ "refreshToken": "…" }`, without
 *   client authentication. In a browser these headers cause a CORS preflight.
 * - `token_endpoint` is required, because the page names no host.
 * - Access tokens live 24 hours by the page's text and 3600 seconds in its example: `expires_in` decides. The lifetime of refresh tokens
 *   is not documented.
 * - Rotation: "A new refresh token (if applicable)". Without a new one, the old one is kept. The page does not say whether one works
 *   twice, so a lost reply is `outcome_unknown`.
 * - `invalid_grant` ("Refresh token has expired or is invalid.") ends the session; `invalid_request` keeps it.
 *
 * @throws TypeError if `partnerId` is no int32 or `token_endpoint` is missing.
 *
 * @example
 * ```ts
 * import { createRefresher } from "oauth-refresher";
 * import { vault } from "oauth-refresher/providers";
 *
 * const refresher = createRefresher({
 *   ...vault({ partnerId: 1234, token_endpoint: "https://vault.example/v1/auth/token" }),
 *   tokens: { refresh_token: "…" },
 * });
 * console.log((await refresher.getTokens()).expires_at);
 * ```
 */
export function vault(options: {
  /** The partner's number: an int32, as a number or in decimal. */
  partnerId: number | string;
  /** `https://<your Vault host>/v1/auth/token`. */
  token_endpoint: string;
}): RefresherOptions;
