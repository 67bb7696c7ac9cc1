// @ts-check
// In pages the core is a separate chunk, and most page loads do not wait for it (issue 14): a stored access token is served within the
// window that the core wrote into the record (`Record::fresh`). The core is loaded when the page is idle, or at once when it is needed.
// It receives the record that was read, and decides from then on.

import { Callers } from "./callers.js";
import { generationOf } from "../storage/record.js";
import { Driver } from "./driver.js";

/** @import { DemandOptions, RefresherOptions } from "../index.js" */

/** Limit of the first read. A slower storage is read by the core, within the rest of the caller's time. */
const READ_LIMIT_MS = 1000;
/** Limit of the wait for an idle page. */
const IDLE_LIMIT_MS = 2000;
/** Instead of the wait, in browsers without requestIdleCallback. */
const PAUSE_MS = 200;

export class LazyDriver extends Driver {
  /** The initial window. Once `this.window` is another one, the core must know of something, and this driver reads nothing itself. */
  #unread = this.window;
  #waiting = new Callers();
  /** @type {Promise<void> | undefined} */
  #reading;
  /** The record that was read, until the core has received it. @type {any} */
  #found;
  /** @type {import("../index.js").TokenSet | undefined} */
  #handedOut;

  /** @param {DemandOptions} wish @param {true} [force] */
  async demand(wish, force) {
    // that reads under the lock, and another token than the one that was read here is enough for it
    if (force) this.#handedOut = undefined;
    const { signal, ...others } = wish;
    const isPlain = !force && JSON.stringify(others) == "{}";
    if (!isPlain || this.window != this.#unread) return super.demand(wish, force);
    const askedMs = performance.now();
    await this.#read(signal);
    const waited = Math.round((performance.now() - askedMs) / 1000);
    return this.fresh() || super.demand(wish, force, waited || undefined);
  }

  /** @param {AbortSignal} [signal] */
  async load(signal) {
    await this.#read(signal);
    return super.load(signal);
  }

  /** @param {string} challenges */
  async rejects(challenges) {
    await this.ready(() => {});
    return super.rejects(challenges);
  }

  close() {
    super.close();
    this.#waiting.answerAll("resolve");
  }

  /** @param {() => void} begin */
  async keep(begin) {
    await this.#read();
    const beginOnce = () => this.closed || begin();
    if (!this.fresh()) beginOnce();
    else if ("requestIdleCallback" in globalThis) requestIdleCallback(beginOnce, { timeout: IDLE_LIMIT_MS });
    else setTimeout(beginOnce, PAUSE_MS);
  }

  /** The record read before is the core's first read. If its token was served, the core reads the storage again. */
  begun() {
    if (this.#found) this.tell("loaded", 0, JSON.stringify(this.#found));
    if (this.#handedOut) this.tell("resumed");
    this.#found = this.#handedOut = undefined;
  }

  /** Resolves when the storage was read or need not be read. Rejects only with the signal's reason. @param {AbortSignal} [signal] */
  async #read(signal) {
    if (this.window != this.#unread || this.closed) return;
    signal?.throwIfAborted();
    const { answer } = this.#waiting.add(signal);
    // If this fails, the core reads again and reports the fault.
    this.#reading ??= this.run(() => this.#look()).catch(() => {});
    this.#reading.then(() => this.#waiting.answerAll("resolve"));
    await answer;
  }

  async #look() {
    this.listen();
    const { storage } = this;
    const record = await (storage.peek ? storage.peek() : inTime(storage.load(), READ_LIMIT_MS));
    if (!generationOf(record) || this.window != this.#unread || this.closed) return;
    this.#found = record;
    const { fresh, format, owner, generation, session } = this.#found;
    const { refresh_token, expires_in, ...tokens } = this.#found.tokens;
    if (format != 1 || !fresh || !tokens.access_token || owner != ownerOf(this.options)) return;
    const { from, until = Infinity, expires_at } = fresh;
    this.scrubber.learn(this.#found.tokens);
    const set = { token_type: "Bearer", ...tokens, ...(expires_at && { expires_at }) };
    this.perform("hold", set, generation, session, from * 1000, until * 1000);
    this.perform("rest", "active", "idle");
    this.#handedOut = this.fresh();
  }
}

/** @template T @param {Promise<T> | T} awaited @param {number} limitMs @param {string} [late]  The message of the error that rejects it then. @returns {Promise<T>} */
export async function inTime(awaited, limitMs, late) {
  /** @type {any} */
  let timer;
  const limit = new Promise((_, reject) => (timer = setTimeout(reject, limitMs, Error(late))));
  return Promise.race([awaited, /** @type {Promise<never>} */ (limit)]).finally(() => clearTimeout(timer));
}

/**
 * The fingerprint of issuer (or token endpoint) and client, as `Options::owner` of the core computes it: 64-bit FNV-1a.
 * @param {RefresherOptions} options
 */
function ownerOf({ issuer, token_endpoint, client_id = "" }) {
  const names = `${issuer ?? token_endpoint} ${client_id}`.replace("/ ", " ");
  return [...new TextEncoder().encode(names)]
    .reduce((hash, byte) => BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n), 0xcbf29ce484222325n)
    .toString(16)
    .padStart(16, "0");
}
