// @ts-check
// The refresher in a SharedWorker, a dedicated worker or a service worker, for pages that connect to it. The reload of a page loses no
// reply, and no page has the refresh token.
import bytes from "../lib/core-bytes.js";
import glue from "../lib/core-glue.js";
import { asGiven } from "../lib/given.js";
import { wasmEngine } from "../lib/wasm-engine.js";
import { PROTOCOL, TAG } from "../lib/host-protocol.js";
import { refresherMaker } from "../lib/refresher.js";
import { sessions } from "../lib/sessions.js";
import { readRequest, sendableResponse } from "./fetch.js";

/** @import { Refresher, RefresherOptions } from "../index.js" */
/** @import { Driver } from "../lib/driver.js" */
/** @import { Failure, FromHost, FromPage, Session } from "../lib/host-protocol.js" */

export { RefreshError } from "../lib/error.js";

/** The methods that a page may call. `ready` is answered without one. @type {Record<string, (refresher: Refresher, given: any) => unknown>} */
const METHODS = {
  getTokens: (refresher, given) => refresher.getTokens(given),
  refresh: (refresher, given) => refresher.refresh(given),
  load: (refresher, given) => refresher.load(given),
  setTokens: (refresher, given) => refresher.setTokens(given.tokens),
  signOut: (refresher, { signal, ...given }) => refresher.signOut(given),
  rejects: (refresher, { challenges }) => driverOf(refresher).rejects(challenges),
  fetch: async (refresher, given) => sendableResponse(await refresher.fetch(...readRequest(given))),
};

/** The events for pages. Not `state-changed`: each page fires its own. */
const EVENTS = ["token-changed", "refresh-failed", "session-ended", "storage-failed"];

/** Identifies this instance of the worker: a browser may end it and restart it behind the same port. */
const host = 1 + Math.random();

/** @type {WeakMap<Refresher, import("../lib/host-protocol.js").Facts>} */
const facts = new WeakMap();

/** @type {WeakMap<object, Driver>} */
const drivers = new WeakMap();

/** @param {object} refresher @returns {Driver} */
const driverOf = (refresher) => /** @type {Driver} */ (drivers.get(refresher));

const create = /* @__PURE__ */ refresherMaker(
  /* @__PURE__ */ wasmEngine(glue, async () => WebAssembly.compile(bytes())),
  {},
  (refresher, driver) => drivers.set(refresher, driver),
);

/**
 * Creates a refresher and serves the pages that connect by `connectRefresher` of `oauth-refresher/client`. Call it synchronously when the
 * worker's script starts: earlier connections would be lost.
 * @param {RefresherOptions} options @returns {Refresher}
 */
export function hostRefresher(options) {
  const scope = /** @type {any} */ (globalThis);
  /** In-flight refreshes. @type {Set<Promise<unknown>>} */
  const works = new Set();
  const waitUntil = (/** @type {Promise<unknown>} */ work) => {
    works.add(work);
    work.finally(() => works.delete(work)).catch(() => {});
  };
  const refresher = create({ waitUntil, ...options });
  facts.set(refresher, factsOf(refresher, options));

  if ("ServiceWorkerGlobalScope" in scope) serveClients();
  else if ("SharedWorkerGlobalScope" in scope)
    scope.addEventListener(
      "connect",
      (/** @type {MessageEvent} */ { ports: [port] }) => port && serve(refresher, port),
    );
  else if ("WorkerGlobalScope" in scope) serve(refresher, scope);
  return refresher;

  /** An idle service worker is ended and does not know its pages afterwards: it answers the sender, and sends events to all. */
  function serveClients() {
    const answer = answerer(refresher);
    scope.addEventListener("message", (/** @type {any} */ event) => {
      const { data, source } = event;
      if (!data?.[TAG] || !source) return;
      const answered = answer(data, source.id, (message, transfer) => source.postMessage(message, transfer));
      // The worker must live until the refresh is done, even if its caller gave up.
      event.waitUntil(answered.finally(() => Promise.allSettled(works)));
    });
    tellEvents(refresher, async (message) => {
      for (const client of await scope.clients.matchAll({ includeUncontrolled: true, type: "all" }))
        client.postMessage(message);
    });
  }
}

/**
 * Serves one page on one port, for a MessagePort that the application passed to its host.
 * @param {Refresher} refresher  Created by `hostRefresher`. @param {MessagePort | Worker | typeof globalThis} port
 */
export function serve(refresher, port) {
  const to = /** @type {MessagePort} */ (port);
  if (typeof to?.postMessage != "function")
    throw new TypeError(`serve: port must be a MessagePort or a Worker ${asGiven(port)}`);
  const post = (/** @type {object} */ message, /** @type {Transferable[]} */ transfer = []) =>
    to.postMessage(message, transfer);
  const answer = answerer(refresher);
  const stop = tellEvents(refresher, post);
  to.addEventListener("message", ({ data }) => {
    if (!data?.[TAG]) return;
    if (data.say == "bye") stop();
    answer(data, 0, post);
  });
  // Chromium reports that the other end is gone. Elsewhere, messages to it are dropped.
  to.addEventListener("close", stop);
  to.start?.();
}

/** @param {Refresher} refresher @param {RefresherOptions} options @returns {import("../lib/host-protocol.js").Facts} */
function factsOf(refresher, { origins = [], keepRejectedResponse, dpop, isTokenRejected, fetch }) {
  // Keys and functions cannot be passed to a page, so what needs them runs here.
  const fetchIn = dpop || isTokenRejected || fetch ? "host" : "page";
  return { capabilities: { ...refresher.capabilities }, origins, keepRejectedResponse, fetchIn };
}

/** @param {Refresher} refresher @returns {Session} */
const sessionOf = (refresher) => ({
  host,
  tokens: refresher.tokens,
  session: refresher.tokens ? sessions.get(refresher.tokens) : undefined,
  state: refresher.state,
  fresh: driverOf(refresher).window,
});

/**
 * @param {Refresher} refresher
 * @returns {(message: FromPage & { [TAG]: number }, page: string | number, post: (message: object, transfer: Transferable[]) => void) => Promise<void>}
 */
function answerer(refresher) {
  const known = facts.get(refresher);
  if (!known) throw new TypeError("serve: the refresher must be one that hostRefresher made");
  /** Calls that may be aborted, by page and number. @type {Map<string, AbortController>} */
  const calls = new Map();

  return async (message, page, post) => {
    /** @param {FromHost} said @param {Transferable[]} [transfer] */
    const say = (said, transfer = []) =>
      post({ [TAG]: PROTOCOL, ...sessionOf(refresher), ...said }, transfer);
    if (message[TAG] !== PROTOCOL) return say({ say: "parted" });
    if (message.say == "hello") return say({ say: "welcome", facts: known });
    if (message.say == "beat") return say({ say: "beat" });
    if (message.say == "bye") return;
    const key = `${page} ${message.id}`;
    if (message.say == "abort") return calls.get(key)?.abort();
    // A page repeats a message if it does not know whether it arrived.
    if (calls.has(key)) return;
    say({ say: "beat" });
    const waiting = new AbortController();
    calls.set(key, waiting);
    try {
      const value = await METHODS[message.method]?.(refresher, { ...message.given, signal: waiting.signal });
      say({ say: "answer", id: message.id, value }, transferOf(value));
    } catch (error) {
      say({ say: "answer", id: message.id, error: failureOf(error) });
    } finally {
      calls.delete(key);
    }
  };
}

/** @param {Refresher} refresher @param {(message: any) => void} post @returns {() => void} stops */
function tellEvents(refresher, post) {
  const stopped = new AbortController();
  for (const type of EVENTS)
    refresher.addEventListener(
      /** @type {"token-changed"} */ (type),
      (event) => {
        const { error, ...detail } = /** @type {any} */ (event).detail;
        const failure = error && failureOf(error);
        post({ [TAG]: PROTOCOL, ...sessionOf(refresher), say: "event", type, detail, error: failure });
      },
      { signal: stopped.signal },
    );
  return () => stopped.abort();
}

/** @param {any} error @returns {Failure} */
function failureOf(error) {
  const name = String(error?.name);
  const message = String(error?.message);
  const cause = error?.cause && {
    name: String(error.cause.name),
    message: String(error.cause.message),
    code: error.cause.code,
  };
  return {
    name,
    message,
    ...(cause && { cause }),
    ...(name == "RefreshError" && { fields: { ...error, cause: undefined } }),
  };
}

/** @param {any} value @returns {Transferable[]} */
const transferOf = (value) =>
  [value?.body].filter((body) => body instanceof ReadableStream || body instanceof ArrayBuffer);
