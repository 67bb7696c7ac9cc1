// @ts-check
// Where the core is a chunk of its own, most page loads do not wait for it (issue 14): a stored access token is handed out within the
// window that the core wrote into the record (`Record::fresh`). The core follows when the page is idle, or at once when anything else
// is asked or suspected, and is told what was read. It decides what happens from then on.

import { generationOf } from "../storage/record.js";
import { Callers } from "./callers.js";
import { Driver } from "./driver.js";

/** @import { DemandOptions, RefresherOptions } from "../index.js" */

/** A storage that takes longer is read by the core, in the time that is left of a caller's own. */
const READ_LIMIT_MS = 1000;
/** A busy page keeps its session fresh after this long. */
const IDLE_LIMIT_MS = 2000;
/** Where a browser cannot tell when a page is idle. */
const PAUSE_MS = 200;

export class LazyDriver extends Driver {
  /** Another window stands here as soon as anything happened that the core must know: then nothing is read without it any more. */
  #unread = this.window;
  #waiting = new Callers();
  /** @type {Promise<void> | undefined} */
  #reading;
  /** The record that was read, until the core knows it. @type {any} */
  #found;
  /** @type {import("../index.js").TokenSet | undefined} */
  #handedOut;

  /** @param {DemandOptions} wish @param {true} [force] */
  async demand(wish, force) {
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

  /** The core's first read is what was read before it. What is stored by now is looked at if that was handed out. */
  begun() {
    if (this.#found) this.tell("loaded", 0, JSON.stringify(this.#found));
    if (this.#handedOut) this.tell("resumed");
    this.#found = this.#handedOut = undefined;
  }

  /** Resolves when the storage was read, or need not be. Rejects only with the signal's reason. @param {AbortSignal} [signal] */
  async #read(signal) {
    if (this.window != this.#unread || this.closed) return;
    signal?.throwIfAborted();
    const { answer } = this.#waiting.add(signal);
    // the core reads it again if that fails, and tells of the fault
    this.#reading ??= this.run(() => this.#look()).catch(() => {});
    this.#reading.then(() => this.#waiting.answerAll("resolve"));
    await answer;
  }

  async #look() {
    this.listen();
    const { storage } = this;
    const record = await (storage.peek ? storage.peek() : inTime(storage.load()));
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

/** @template T @param {Promise<T> | T} loaded @returns {Promise<T | void>} */
async function inTime(loaded) {
  /** @type {any} */
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, READ_LIMIT_MS)));
  return Promise.race([loaded, late]).finally(() => clearTimeout(timer));
}

/**
 * Names the issuer or the token endpoint, and the client, as `Options::owner` of the core does: FNV-1a of 64 bits.
 * @param {RefresherOptions} options
 */
function ownerOf({ issuer, token_endpoint, client_id = "" }) {
  const names = `${issuer ?? token_endpoint} ${client_id}`.replace("/ ", " ");
  return [...new TextEncoder().encode(names)]
    .reduce((hash, byte) => BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n), 0xcbf29ce484222325n)
    .toString(16)
    .padStart(16, "0");
}
