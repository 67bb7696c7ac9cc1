// @ts-check
import { DurableObject } from "cloudflare:workers";
import { timer } from "../lib/ports/timer.js";
import { refresherMaker } from "../lib/refresher.js";
import { engine } from "../lib/workers-engine.js";
import { platform } from "../lib/workers.js";
import { durableObjectStorage } from "./storage.js";

/** @import { DemandOptions, Refresher, RefresherOptions, TokenInput } from "../index.js" */

export { durableObjectStorage };

/** Alarms nearer to each other than this are one. */
const ALARM_TOLERANCE_MS = 200;
/** Of `refreshAheadSeconds`. */
const AHEAD_SECONDS = 60;

/**
 * Workers RPC calls every method of an object's prototypes by its name, and nothing that is the object's own. What a subclass defines for
 * the vault alone becomes the object's own: `options()` answers the client secret.
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

/** One session in one object: its storage, its only thread for a lock, its alarm for a timer that outlives eviction. */
export class TokenVault extends DurableObject {
  /** @type {Refresher | undefined} */
  #refresher;
  /** In the async context of the object, not in that of its first caller. */
  #run = /** @type {import("../lib/ports/context.js").context} */ (platform.context)();
  /** Refreshes, writes and listeners that an alarm must outlast. @type {Set<Promise<unknown>>} */
  #works = new Set();
  #woke = () => {};
  #ringsByItself = false;
  #rings = false;
  #aheadSeconds = AHEAD_SECONDS;
  /** When the alarm rings; 0 if none is set, undefined before that is known. @type {number | undefined} */
  #alarmAtMs;
  /** What the core wants, until it is known when the alarm rings that is set. */
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

  /** What a stub's `fetch` asks for, with the access token attached: it does not even leave the object. @param {Request} request */
  async fetch(request) {
    return this.#session.fetch(request);
  }

  /** The platform's: a refresh is due, or was under way when the object was evicted. */
  async alarm() {
    this.#alarmAtMs = 0;
    this.#rings = true;
    await this.#session.getTokens().catch(() => {}); // why there is none, the events and the next caller are told
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
        // a timeout that is pending would keep an idle object in memory
        soon.arm(busy ? at : undefined, now, awaited);
        if (at === undefined || !this.#ringsByItself) return;
        this.#wish = () => this.#ring(at, busy);
        if (this.#alarmAtMs !== undefined) this.#wish();
      },
    };
  }

  /** One that another instance set is as good as a new one, and to set an alarm is billed as a row that is written. */
  async #lookForAlarm() {
    const atMs = await this.ctx.storage.getAlarm().catch(() => null);
    this.#alarmAtMs ??= atMs ?? 0;
    this.#wish();
  }

  /** @param {number} atMs @param {boolean} busy */
  #ring(atMs, busy) {
    // While a refresh is under way the next ring is near enough: one that was set before, or the platform's own, which
    // repeats a ring that an eviction broke off, unless another was set meanwhile.
    if (busy && (this.#alarmAtMs || this.#rings)) return;
    // Ahead of expiry the core takes the time up to a quarter earlier, at random. The next instance has other dice: the alarm is set
    // for when all agree, lest it ring for nothing.
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
