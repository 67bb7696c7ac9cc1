// @ts-check
import { bounded } from "./ports/bounded.js";
import { send } from "./ports/http.js";
import { FUNCTION_LATE } from "./ports/messages.js";

/** @import { RefresherOptions } from "../index.js" */
/** @import { Ask, Refused, requests } from "./request.js" */

/**
 * Revokes a token (RFC 7009). Failures are dropped, because the session is over in any case. The core decides whether to retry, each way
 * once: with a DPoP proof (not sent at first: RFC 9449 requires none here, and a page's preflight may forbid the header), with the client
 * authentication requested again, or after the server's Retry-After.
 * Resolves to true if no endpoint is known, so that `signOut` can reject.
 * @param {RefresherOptions & { timeoutSeconds: number }} options @param {ReturnType<typeof requests>} requests
 * @param {Ask} ask @param {string} token
 */
export async function revoke(options, requests, ask, token) {
  const { fetch = globalThis.fetch, timeoutSeconds } = options;
  const dpop = /** @type {any} */ (options.dpop);
  /** @type {unknown[]} */
  const tried = [];

  /** @param {Refused} [refused] @returns {Promise<boolean | void>} */
  async function attempt(refused) {
    const request = await requests.revocation(fetch, ask, token, refused);
    if (!request) return !refused;
    const { http } = request;
    const proved = tried.includes("proof");
    if (proved) http.headers.dpop = await dpop.proof(http);
    const reply = await send(fetch, http, timeoutSeconds, requests.tools);
    if (!("status" in reply)) return;
    const { again } = requests.heard(ask, http, reply, !!dpop && !proved);
    const pause = Number(again) >= 0;
    const way = pause || again;
    if (!way || tried.includes(way)) return;
    tried.push(way);
    if (pause) await new Promise((resolve) => setTimeout(resolve, Number(again)));
    return attempt(again == "client" ? { ...request, reply } : undefined);
  }

  return bounded(attempt(), timeoutSeconds, FUNCTION_LATE).catch(() => {});
}
