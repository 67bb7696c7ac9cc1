// @ts-check
import { send } from "./ports/http.js";
import { bounded, FUNCTIONS } from "./ports/timer.js";

/** @import { RefresherOptions } from "../index.js" */
/** @import { Build, Refused, requests } from "./request.js" */

/**
 * Tells the server that a refresh token is over (RFC 7009). Whatever comes of it, the session is over here. A server that names a time
 * is asked once more then, so is one that refused the client where a function may know better, and one that wants a proof gets it:
 * RFC 9449 asks for none here, and a page's preflight may not allow it.
 * @param {RefresherOptions & { timeoutSeconds: number }} options @param {ReturnType<typeof requests>} requests
 * @param {Build} ask  Has the core build the request. @param {string} token
 */
export async function revoke(options, requests, ask, token) {
  const { fetch = globalThis.fetch, timeoutSeconds } = options;
  const dpop = /** @type {any} */ (options.dpop);

  /** @param {boolean} [proved] @param {Refused} [refused] @returns {Promise<any>} */
  async function once(proved, refused) {
    const request = await requests.revocation(fetch, ask, token, refused);
    if (!request) return {};
    const { http } = request;
    if (proved) http.headers.dpop = await dpop.proof(http);
    const reply = await send(fetch, http, timeoutSeconds);
    if (typeof reply == "string") return {};
    const fault = requests.heard(http, reply);
    return { ...reply, again: fault == "client" && { ...request, reply } };
  }

  async function revoked() {
    let reply = await once();
    const { status, retry_after = "" } = reply;
    if (dpop && (status == 400 || status == 401)) reply = await once(true);
    if (reply.again) return once(!!dpop, reply.again);
    const seconds = Number(retry_after) || (Date.parse(retry_after) - Date.now()) / 1000;
    if ((status == 429 || status == 503) && seconds < timeoutSeconds) {
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      await once();
    }
  }

  await bounded(revoked(), timeoutSeconds, FUNCTIONS).catch(() => {});
}
