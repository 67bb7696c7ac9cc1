// @ts-check
import { DurableObject } from "cloudflare:workers";
import { timer } from "../lib/ports/timer.js";
import { refresherMaker } from "../lib/refresher.js";
import { engine } from "../lib/workers-engine.js";
import { platform } from "../lib/workers.js";
import { durableObjectStorage } from "./storage.js";

/** @import { DemandOptions, Refresher, RefresherOptions, TokenInput } from "../index.js" */

export { durableObjectStorage };

/** Alarms closer together than this are one. */
const ALARM_TOLERANCE_MS = 200;
/** The default of `refreshAheadSeconds`. */
const AHEAD_SECONDS = 60;

/**
 * Workers RPC exposes the methods of an object's prototypes, but not own members. So internal methods of a subclass are made own members:
 * `options()` returns the client secret.
 * @param {any} vault @param {string[]} names
 */
function hide(vault, names) {
  for (const name of names)
    if (typeof vault[name] == "function")
      Object.defineProperty(vault, name, {
        value: vault[name].bind(vault),
        configurable: true,
        writable: true,
      });
}

/** One session per object. The object's storage has the record, its single thread is the lock, its alarm is a timer that survives eviction. */
export class TokenVault extends DurableObject {
  /** @type {Refresher | undefined} */
  #refresher;
  /** Runs work in the async context of the object, not of its first caller. */
  #run = /** @type {import("../lib/ports/context.js").context} */ (platform.context)();
  /** Refreshes, writes and listeners that an alarm must outlast. @type {Set<Promise<unknown>>} */
  #works = new Set();
  #woke = () => {};
  #ringsByItself = false;
  #rings = false;
  #aheadSeconds = AHEAD_SECONDS;
  /** Time of the alarm; 0 if none is set, undefined if unknown. @type {number | undefined} */
  #alarmAtMs;
  /** The alarm that the core requested, until the time of the current one is known. */
  #wish = () => {};

  /** @param {any} ctx @param {any} env */
  constructor(ctx, env) {
    super(ctx, env);
    hide(this, ["options", "tokenChanged"]);
  }

  /** @param {unknown} _env @param {string | undefined} _name @returns {RefresherOptions} */
  options(_env, _name) {
    throw new TypeError(
      "TokenVault: your class must have `options(env, name)`, which returns the options of createRefresher",
    );
  }

  /** @param {DemandOptions} [options] */
  async getAccessToken(options) {
    return this.#session.getAccessToken(options);
  }

  /** @param {DemandOptions} [options] */
  async getTokens(options) {
    return this.#session.getTokens(options);
  }

  async refresh() {
    return this.#session.refresh();
  }

  /** @param {TokenInput} tokens */
  async setTokens(tokens) {
    return this.#session.setTokens(tokens);
  }

  /** @param {{ revoke?: boolean }} [options] */
  async signOut(options) {
    return this.#session.signOut(options);
  }

  /** Serves a stub's `fetch`. The access token does not leave the object. @param {Request} request */
  async fetch(request) {
    return this.#session.fetch(request);
  }

  /** Called by the platform: a refresh is due, or was in-flight when the object was evicted. */
  async alarm() {
    this.#alarmAtMs = 0;
    this.#rings = true;
    await this.#session.getTokens().catch(() => {}); // The error reaches the events and the next caller.
    this.#woke();
    while (this.#works.size) await Promise.allSettled(this.#works);
    this.#rings = false;
  }

  get #session() {
    return (this.#refresher ??= this.#run(() => this.#opened()));
  }

  #opened() {
    const { storage } = this.ctx;
    const create = refresherMaker(engine, {
      ...platform,
      waitUntil: (work) => this.#track(work),
      timer: (woke) => this.#timer(woke),
    });
    const options = this.options(this.env, this.ctx.id.name);
    this.#ringsByItself = options?.background != "never" || options.keepAliveSeconds !== undefined;
    this.#aheadSeconds = options?.refreshAheadSeconds ?? AHEAD_SECONDS;
    if (this.#ringsByItself) this.#track(this.#lookForAlarm());
    const refresher = create({ storage: durableObjectStorage(storage), ...options });
    refresher.addEventListener("token-changed", ({ detail: { tokens, source } }) => {
      const { tokenChanged } = /** @type {any} */ (this);
      if (tokenChanged) this.#track((async () => tokenChanged.call(this, tokens, source))());
    });
    return refresher;
  }

  /** @type {typeof timer} */
  #timer(woke) {
    this.#woke = woke;
    const soon = timer(woke);
    return {
      arm: (at, now, awaited, busy = false) => {
        // A pending timeout would keep an idle object in memory.
        soon.arm(busy ? at : undefined, now, awaited);
        if (at === undefined || !this.#ringsByItself) return;
        this.#wish = () => this.#ring(at, busy);
        if (this.#alarmAtMs !== undefined) this.#wish();
      },
    };
  }

  /** Reads the current alarm first: another instance may have set it, and setting one is billed as a written row. */
  async #lookForAlarm() {
    const atMs = await this.ctx.storage.getAlarm().catch(() => null);
    this.#alarmAtMs ??= atMs ?? 0;
    this.#wish();
  }

  /** @param {number} atMs @param {boolean} busy */
  #ring(atMs, busy) {
    // During a refresh, an earlier alarm is sufficient: one that was set before, or the platform's repetition of an alarm that an eviction
    // interrupted, which a new alarm would prevent.
    if (busy && (this.#alarmAtMs || this.#rings)) return;
    // The core refreshes ahead of expiry with a jitter of up to a quarter. The next instance has another jitter, so the alarm is set to a
    // time at which every instance refreshes.
    const leftMs = (this.#refresher?.tokens?.expires_at ?? 0) * 1000 - atMs;
    const isAhead = leftMs > 0 && leftMs <= 1250 * this.#aheadSeconds;
    this.#setAlarm(isAhead ? atMs + leftMs / 5 : atMs, isAhead ? leftMs / 4 : 0);
  }

  /** @param {number} atMs @param {number} toleranceMs */
  #setAlarm(atMs, toleranceMs) {
    if (Math.abs(atMs - (this.#alarmAtMs ?? 0)) < Math.max(ALARM_TOLERANCE_MS, toleranceMs)) return;
    this.#alarmAtMs = atMs;
    this.#track(this.ctx.storage.setAlarm(atMs));
  }

  /** @param {Promise<unknown>} work */
  #track(work) {
    this.#works.add(work);
    work.finally(() => this.#works.delete(work)).catch((error) => console.error(error));
  }
}
