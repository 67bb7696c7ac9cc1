import type { RefresherOptions, Value } from "../index.js";

/** Who the application is at Go1 or GoTo, and where to ask if not at the documented endpoint. */
export interface ConfidentialClient {
  client_id: string;
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

/**
 * GoTo, after its page "How to Obtain and Use Refresh Tokens".
 *
 * - Asks `https://authentication.logmeininc.com/oauth/token` by form, with HTTP Basic. Id and secret are not form-encoded first, as
 *   RFC 6749 §2.3.1 has it: the page's sample header holds a secret with `+` and `=` as they are.
 * - Access tokens live 60 minutes, refresh tokens 30 days. Replies lack `token_type`: it is `Bearer`. `principal` is kept.
 * - Rotation: the same refresh token comes back, or none, until on or about day 30 a new one comes. It is asked for daily
 *   (`keepAliveSeconds`), as the page advises, so that the new one is not missed.
 * - `reuse` is `"always"`: the token does not rotate, so asking again after a lost reply is safe. The one doubt is the reply of about
 *   day 30: the page does not say whether the old token outlives it. If that very reply is lost, asking again is the only way to get
 *   another, and not asking would lose the session as surely as a refusal.
 *
 * @throws TypeError without client_id or client_secret.
 *
 * @example
 * ```ts
 * import { createRefresher } from "oauth-refresher";
 * import { goTo } from "oauth-refresher/providers";
 *
 * const refresher = createRefresher({ ...goTo({ client_id: "…", client_secret: "…" }), tokens: { refresh_token: "…" } });
 * const { access_token, principal } = await refresher.getTokens();
 * console.log(access_token.length, principal);
 * ```
 */
export function goTo(options: ConfidentialClient): RefresherOptions;
export { goTo as goto };

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
