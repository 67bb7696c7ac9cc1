// @ts-check
import { BLOCKED_PORT, NO_REPLY, NO_REPLY_IN_PAGE, NO_REPLY_IN_TIME, OFFLINE } from "./messages.js";
import { awake } from "./bounded.js";
import { isBlocked } from "./blocked.js";

/** @import { Unreachable } from "../door.js" */
/** @import { Tools } from "../wire.js" */

/** Length limit of a body. */
const LONGEST_BODY = 1 << 20;

/**
 * @typedef {{ method: string, url: string, headers: Record<string, string>, body?: string }} HttpRequest
 * @typedef {{ status: number, headers: Headers, retry_after?: string | undefined, date?: number | undefined, body?: string | undefined }} HttpReply  No body: it was incomplete or too long.
 * @typedef {Unreachable & { error: any, reason?: string }} NoReply  `error`: what the platform threw.
 */

/**
 * Sends a token request once. Returns the reply, or what is known about a request without a reply.
 * @param {typeof fetch} fetch @param {HttpRequest} request @param {number} timeoutSeconds @param {Tools} tools
 * @returns {Promise<HttpReply | NoReply>}  Rejects if the request cannot be built, or `fetch` is not a function.
 */
export async function send(fetch, { url, ...init }, timeoutSeconds, tools) {
  const limit = new AbortController();
  const stop = awake(timeoutSeconds * 1000, () => limit.abort());
  try {
    if (typeof fetch != "function") throw new TypeError("there is no fetch here: write the option `fetch`");
    // A redirect could send the refresh token to another origin: Node re-posts the body after a 307.
    const given = { ...init, ...ambient(), redirect: /** @type {const} */ ("manual"), signal: limit.signal };
    // The platform's own error quotes the value. Node refuses control characters only when it sends (RFC 9110 section 5.5).
    for (const name in init.headers)
      if (!/^[^\s:]+:[\t\x20-\x7e\x80-\xff]*$/.test(name + ":" + init.headers[name]?.trim()))
        throw new TypeError(`the header ${name} has a character that HTTP does not allow`);
    // Throws for what the platform's fetch refuses before it sends: a foreign AbortSignal, a URL. A third of what a refresh costs in
    // Node, so its own fetch is asked first; another one may send what this refuses.
    let response;
    const check = () => globalThis.Request && new Request(url, given);
    if (fetch != globalThis.fetch) check();
    try {
      response = await fetch(url, given);
    } catch (error) {
      if (isBlocked(url, error)) throw new TypeError(BLOCKED_PORT, { cause: error });
      check();
      return noReply(error, limit.signal);
    }
    return await read(checkedResponse(response, "fetch", tools), limit.signal);
  } finally {
    stop();
  }
}

/**
 * Checks by members: on Workers with an older compatibility date, a Response is an [object Object].
 * @param {any} response @param {string} who  Returned it. @param {Tools} tools @returns {Response}
 */
export function checkedResponse(response, who, { typeOf }) {
  if (typeof response?.headers?.get == "function" && response.status >= 0) return response;
  throw new TypeError(`${who} must give a Response (given: ${typeOf(response)})`);
}

/** @param {Response} response @param {AbortSignal} signal @returns {Promise<HttpReply | NoReply>} */
async function read(response, signal) {
  const { status, headers } = response;
  const retry_after = headers.get("retry-after") ?? undefined;
  const reply = { status, headers, retry_after, date: Date.parse(headers.get("date") ?? "") || undefined };
  try {
    return { ...reply, body: await textOf(response) };
  } catch (error) {
    // An incomplete success was processed by the server, whatever the error says about the connection: the refresh token is spent.
    if (response.ok) return Object.assign(noReply(error, signal), { errors: [] });
    return reply;
  }
}

/** The body's text, or undefined if it is too long. @param {Response} response */
async function textOf(response) {
  const reader = response.body?.getReader();
  // React Native's Response has no stream.
  if (!reader) return response.text();
  const decoder = new TextDecoder();
  let text = "";
  for (let length = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.byteLength;
    if (length > LONGEST_BODY) return void reader.cancel().catch(() => {});
    text += decoder.decode(value, { stream: true });
  }
}

/** No cookies, cache or referrer. Workers refuse these members. @returns {RequestInit} */
const ambient = () =>
  globalThis.location ? { cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" } : {};

/** `errors` is for the core, which decides what they prove. @param {any} error @param {AbortSignal} signal @returns {NoReply} */
function noReply(error, { aborted }) {
  if (aborted) return { how: "timedOut", error, reason: NO_REPLY_IN_TIME };
  const { cause, isUnsent } = error ?? {};
  if (isUnsent !== undefined) return { ...(isUnsent && { how: "unsent" }), error };
  const errors = [error, cause, ...(cause?.errors ?? [])].map((each) => ({
    code: each?.code,
    syscall: each?.syscall,
    message: each?.message,
  }));
  return { errors, error, reason: silence() };
}

/** What to check. `navigator.onLine` is a hint: it selects the text and stops nothing. */
const silence = () =>
  globalThis.navigator?.onLine === false ? OFFLINE : globalThis.location ? NO_REPLY_IN_PAGE : NO_REPLY;
