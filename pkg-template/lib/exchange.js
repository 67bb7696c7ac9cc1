// @ts-check
import { typeOf } from "./options.js";
import { send } from "./ports/http.js";
import { bounded, FUNCTIONS } from "./ports/timer.js";

/** @import { RefresherOptions, TokenSet } from "../index.js" */
/** @import { HttpReply, NoReply } from "./ports/http.js" */
/** @import { Build, Refused, requests } from "./request.js" */

/**
 * What a driver lends to one exchange.
 * @typedef {object} Lent
 * @property {Build} ask  Has the core build the request.
 * @property {() => boolean} stands  Whether the order to send it does.
 * @property {() => TokenSet | null} tokens
 * @property {(message: string) => void} threw  Hears why the user's transport did.
 */

/**
 * One token request and what came of it. It is made anew, within the same time, where another one may do better at once: a proof by
 * the server's clock, a client that was refused and has more to say; each once.
 * @param {RefresherOptions & { timeoutSeconds: number }} options @param {ReturnType<typeof requests>} requests @param {Lent} lent
 * @returns {Promise<HttpReply | NoReply>}  Throws where the request cannot be built.
 */
export async function exchange(options, requests, { ask, stands, tokens, threw }) {
  const { fetch = globalThis.fetch, timeoutSeconds, transport } = options;
  const begun = performance.now();
  const leftSeconds = () => timeoutSeconds - (performance.now() - begun) / 1000;
  const carry = transport ? carried(transport, fetch, threw) : fetch;
  let mended = "";
  /** @type {Refused | undefined} */
  let refused;
  for (;;) {
    const building = requests.refresh(fetch, ask, tokens(), refused);
    const request = await bounded(building, leftSeconds(), FUNCTIONS);
    if (!stands()) return "unsent";
    if (!request) return /** @type {Refused} */ (refused).reply;
    const reply = await send(carry, request.http, leftSeconds());
    const fault = typeof reply != "string" && requests.heard(request.http, reply);
    if (!fault || mended.includes(fault)) return reply;
    mended += fault;
    refused = fault == "client" ? /** @type {Refused} */ ({ ...request, reply }) : undefined;
  }
}

/**
 * The user's own way to the server, as a fetch. What it throws does not prove that nothing was sent, not even a refused
 * connection, which may have been its second: only its own word does.
 * @param {NonNullable<RefresherOptions["transport"]>} transport @param {typeof fetch} fetch @param {Lent["threw"]} threw
 * @returns {(url: any, init: any) => Promise<Response>}
 */
const carried = (transport, fetch, threw) => async (url, init) => {
  try {
    const response = await transport(new Request(url, init), fetch);
    // By what is read of it: for Workers of an older compatibility date a Response is an [object Object].
    if (typeof response?.headers?.get == "function" && response.status >= 0) return response;
    throw new TypeError(`transport must give a Response (given: ${typeOf(response)})`);
  } catch (/** @type {any} */ error) {
    threw(String(error?.message ?? ""));
    throw { isUnsent: error?.isUnsent === true };
  }
};
