import type { RefresherOptions } from "../../index.js";
import type { ConfidentialClient } from "./go1.js";

/**
 * GoTo, from its page "How to Obtain and Use Refresh Tokens".
 *
 * - Request: `POST https://authentication.logmeininc.com/oauth/token` by form, with HTTP Basic. Unlike RFC 6749 §2.3.1, id and secret
 *   are not form-encoded first: the secret in the page's sample header has an unencoded `+` and `=`.
 * - Access tokens live 60 minutes, refresh tokens 30 days. Replies lack `token_type`: it is `Bearer`. `principal` is kept.
 * - Rotation: replies contain the same refresh token, or none, until a new one on about day 30. As the page advises, the session is
 *   refreshed daily (`keepAliveSeconds`), so that the new one is not missed.
 * - `reuse` is `"always"`: the token does not rotate, so a retry after a lost reply is safe. The page does not say whether the old token
 *   stays valid after the reply of about day 30. If that reply is lost, a retry is the only way to keep the session.
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
