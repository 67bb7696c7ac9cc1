import type { RefresherOptions } from "../../index.js";

/**
 * Vault (vault.ist), after its page "Refreshing Access Tokens".
 *
 * - Asks `POST /v1/auth/token` with the headers `partnerId` and `grantType` and the JSON body `{ "refreshToken": "…" }`. There is no
 *   client authentication. In a browser these headers make a CORS preflight.
 * - The page shows no host: `token_endpoint` must be given.
 * - Access tokens live 24 hours in the page's prose and 3600 seconds in its example: `expires_in` decides. It says nothing about the
 *   life of refresh tokens.
 * - Rotation: "A new refresh token (if applicable)": the old one is kept when none comes. Whether it works twice is not said, so a lost
 *   reply is `outcome_unknown`.
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
