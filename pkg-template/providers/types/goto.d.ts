import type { RefresherOptions } from "../../index.js";
import type { ConfidentialClient } from "./go1.js";

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
