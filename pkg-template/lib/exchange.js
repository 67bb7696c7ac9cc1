// @ts-check
import { FUNCTION_LATE } from "./ports/messages.js";
import { checkedResponse, send } from "./ports/http.js";
import { bounded } from "./ports/bounded.js";

/** @import { Refresher, RefresherOptions, TokenSet } from "../index.js" */
/** @import { Options } from "./platform.js" */
/** @import { HttpReply, NoReply } from "./ports/http.js" */
/** @import { Ask, Refused, requests } from "./request.js" */
/** @import { Tools } from "./wire.js" */

/**
 * What one exchange needs from the driver.
 * @typedef {object} Lent
 * @property {Ask} ask  Asks the core that ordered the request.
 * @property {() => Promise<boolean>} stands  Whether the effect still stands and the lock is held.
 * @property {() => TokenSet | null} tokens
 * @property {Refresher["capabilities"]} capabilities
 */

/**
 * Sends one token request and returns its outcome; never throws.
 * @param {Options} options @param {ReturnType<typeof requests>} requests @param {Lent} lent
 * @returns {Promise<HttpReply | NoReply>}
 */
export async function exchange(options, requests, lent) {
  const { unsafe } = options;
  try {
    if (unsafe && !lent.ask("spendable", lent.capabilities)) throw new TypeError(unsafe);
    return await attempt(options, requests, lent);
  } catch (/** @type {any} */ error) {
    return { how: error?.isUnsent ? "unsent" : "unbuildable", error };
  }
}

/**
 * Repeats the request if the core says so, within the same time limit: with a DPoP proof by the server's clock, or with the client
 * authentication requested again. Each at most once.
 * @param {Options} options @param {ReturnType<typeof requests>} requests @param {Lent} lent
 * @returns {Promise<HttpReply | NoReply>}  Throws where the request cannot be built.
 */
async function attempt(options, requests, { ask, stands, tokens }) {
  const { fetch = globalThis.fetch, timeoutSeconds, transport } = options;
  const begun = performance.now();
  const leftSeconds = () => timeoutSeconds - (performance.now() - begun) / 1000;
  const carry = transport ? carried(transport, fetch, requests.tools) : fetch;
  let mended = "";
  /** @type {Refused | undefined} */
  let refused;
  for (;;) {
    const building = requests.refresh(fetch, ask, tokens(), refused);
    const request = await bounded(building, leftSeconds(), FUNCTION_LATE);
    if (!request) return /** @type {Refused} */ (refused).reply;
    // After a stall in the first request there may be no time left for a second. The core then orders another attempt.
    if (!(await stands()) || leftSeconds() < 0) return { how: "unsent", error: undefined };
    const reply = await send(carry, request.http, leftSeconds(), requests.tools);
    const fault = requests.mends && "status" in reply && requests.heard(ask, request.http, reply).refused;
    if (!fault || mended.includes(fault)) return reply;
    mended += fault;
    refused = fault == "client" ? /** @type {Refused} */ ({ ...request, reply }) : undefined;
  }
}

/**
 * The option `transport` as a fetch. Its errors do not prove that nothing was sent: a refused connection may have been its second one.
 * Only its own `isUnsent` does.
 * @param {NonNullable<RefresherOptions["transport"]>} transport @param {typeof fetch} fetch @param {Tools} tools
 * @returns {(url: any, init: any) => Promise<Response>}
 */
const carried = (transport, fetch, tools) => async (url, init) => {
  try {
    return checkedResponse(await transport(new Request(url, init), fetch), "transport", tools);
  } catch (/** @type {any} */ cause) {
    throw { cause, message: cause?.message, isUnsent: cause?.isUnsent === true };
  }
};
