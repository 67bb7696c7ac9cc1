// @ts-check
import { bounded } from "./ports/bounded.js";
import { checkedResponse, send } from "./ports/http.js";
import { FUNCTION_LATE } from "./ports/messages.js";

/** @import { Refresher, RefresherOptions, TokenSet } from "../index.js" */
/** @import { Options } from "./platform.js" */
/** @import { HttpReply, NoReply } from "./ports/http.js" */
/** @import { Ask, Refused, requests } from "./request.js" */
/** @import { Tools } from "./wire.js" */

/**
 * What a driver lends to one exchange.
 * @typedef {object} Lent
 * @property {Ask} ask  Of the core that ordered the request.
 * @property {() => Promise<boolean>} stands  Whether that core still wants it, and holds its lock.
 * @property {() => TokenSet | null} tokens
 * @property {Refresher["capabilities"]} capabilities
 */

/**
 * One token request and its outcome; it does not throw.
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
 * Where the core says so, the request is made anew within the same time: with a proof by the server's clock, or with the client's
 * secret or authentication asked for again; each once.
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
    if (!(await stands())) return { how: "unsent", error: undefined };
    if (!request) return /** @type {Refused} */ (refused).reply;
    const reply = await send(carry, request.http, leftSeconds(), requests.tools);
    const fault = "status" in reply && requests.heard(ask, request.http, reply).refused;
    if (!fault || mended.includes(fault)) return reply;
    mended += fault;
    refused = fault == "client" ? /** @type {Refused} */ ({ ...request, reply }) : undefined;
  }
}

/**
 * The option `transport` as a fetch. Its errors prove nothing, not even a refused connection, which may have been its second: only
 * its own `isUnsent` does.
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
