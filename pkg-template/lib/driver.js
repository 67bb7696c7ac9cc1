// @ts-check
import { Callers } from "./callers.js";
import { coreOptions, isEndpoint } from "./options.js";
import { clock } from "./ports/clock.js";
import { context } from "./ports/context.js";
import { generationOf } from "../storage/record.js";
import { typeOf } from "./given.js";
import { scrubber } from "./scrub.js";
import { RefreshError } from "./error.js";
import { NO_RECORD } from "./messages.js";
import { sessions } from "./sessions.js";
import { isWatched, isWorkerd, kept, pageWakes } from "./ports/wake.js";

/** @import { DemandOptions, Refresher, RefresherOptions, TokenInput, TokenRecord, TokenSet } from "../index.js" */
/** @import { CoreEffect, CoreEffects, CoreEvents, Failure, Question } from "./door.js" */
/** @import { Core, Engine, Exports, Wire } from "./engine.js" */
/** @import { Options } from "./platform.js" */

/**
 * Performs the core's effects and reports each outcome as one event. It decides nothing, and is the only caller of Core. Public members
 * are for `Refresher` and for `LazyDriver`, which starts without a core.
 */
export class Driver {
  /** @type {TokenSet | null} */
  tokens = null;
  /** @type {Refresher["state"]} */
  state = "unknown";
  closed = false;
  /** From and until when a call without options gets the tokens (milliseconds), and their generation. */
  window = [0, 0, 0];

  options;
  run;
  #engine;
  #dispatch;
  storage;
  scrubber = scrubber();
  // Reports a clock jump to the core before the caller that read the clock gets an answer.
  #clock = clock((jump) => (this.#core || this.tokens) && this.ready(() => this.tell(jump)));
  /** Created with the first core. @type {ReturnType<typeof import("./ports/timer.js").timer>} */
  // @ts-expect-error: not used before
  #timer;

  /** @type {Exports | undefined} */
  #exports;
  /** @type {Core | undefined} */
  #core;
  /** Sends, loads and saves for the core; created with the first core. @type {ReturnType<Wire>} */
  // @ts-expect-error: not used before
  #wire;
  #callers = new Callers();
  /** Callers that wait for the first read of the storage. */
  #readers = new Callers();
  /** Releases a lock, or ends the wait for it, by the number of its effect. @type {Map<number, () => void>} */
  #locks = new Map();
  /** Whether the lock that was granted last is still held. */
  #isHeld = async () => true;
  /** @type {Promise<unknown>[]} */
  #revocations = [];
  /** @type {(() => void)[] | undefined} */
  #stops;
  /** The attempt in the last written mark: identifies the request of a reply. */
  #attempt = "";
  /** The error of the last refused caller. All callers of one failure get the same error. @type {unknown} */
  #refusal;
  /** Number of in-flight token requests. */
  #sent = 0;
  /** The generation that was saved last, until the next read. @type {number | undefined} */
  #saved;

  /** @param {Options} options @param {Engine} engine @param {(type: string, detail: object) => void} dispatch */
  constructor(options, engine, dispatch) {
    const { storage } = options;
    this.options = options;
    this.run = (options.context ?? context)();
    this.#engine = engine;
    this.#dispatch = dispatch;
    const bound = /** @type {any} */ (options.dpop)?.guarded(storage, options.clientAuth);
    this.storage = bound ?? storage;
    // With background refresh, which a hidden page may start later, everything starts at once; else with the first call or listener.
    if (this.#mayWatch() || (options.background == "auto" && globalThis.document)) this.listen();
  }

  get capabilities() {
    const { lock, storage } = this.options;
    return {
      engine: this.#engine.kind,
      crossContextLock: this.#wire
        ? this.#wire.lock.everywhere
        : lock != "none" && !!(lock != "auto" || storage.lock || globalThis.navigator?.locks),
      conditionalSave: !!(this.#wire ? this.#wire.storage : this.storage).conditionalSave,
    };
  }

  /** The tokens, if a call without options may have them. Needs no core, lock or storage. */
  fresh() {
    const now = this.#clock.now();
    const [from, until] = this.window;
    return this.tokens && now >= from && now < until && !this.closed ? this.tokens : undefined;
  }

  /** @param {DemandOptions} wish @param {true} [force] @param {number} [waited]  Seconds that the caller has waited. @returns {Promise<TokenSet>} */
  demand({ signal, minValiditySeconds, timeoutSeconds, rejected }, force, waited) {
    const details = JSON.stringify({
      min_validity: minValiditySeconds,
      // True: the token of the last `hold`, which the core has.
      rejected: (rejected && (rejected === this.tokens?.access_token || rejected)) || undefined,
      force,
      timeout: timeoutSeconds,
      waited,
    });
    // On Workers a promise ends with the request that created it, so callers share none.
    return this.#call(
      signal,
      "demanded",
      details,
      this.#callers,
      isWorkerd() || signal ? undefined : details + Date.now(),
    );
  }

  /** @param {TokenInput} tokens @returns {Promise<TokenSet>} */
  adopt(tokens) {
    // With `response`, tokens may be anywhere in the reply.
    const details = JSON.stringify(tokens, (name, value) => (this.scrubber.learn({ [name]: value }), value));
    return this.#call(undefined, "adopted", details);
  }

  /** Resolves to one value per token to revoke: true if no revocation endpoint is known. @param {boolean} [revoke] @returns {Promise<unknown[]>} */
  forget(revoke) {
    return this.#call(undefined, "signedOut", revoke ? "true" : undefined);
  }

  /** @param {AbortSignal} [signal] @returns {Promise<TokenSet | null>} */
  async load(signal) {
    const isKnown = this.state != "unknown" && !this.closed && !signal?.aborted;
    return isKnown ? this.tokens : this.#call(signal, "loadRequested", "", this.#readers);
  }

  /** Whether those challenges refuse the token that was sent. @param {string} challenges */
  rejects(challenges) {
    return this.#ask("rejects", challenges);
  }

  /** Starts background refresh. @param {() => void} begin */
  keep(begin) {
    begin();
  }

  /** Called when a core was created, before its first event. */
  begun() {}

  /** Starts listening to other contexts. Not on Workers, whose global scope allows no I/O. */
  listen() {
    if (!isWorkerd()) queueMicrotask(() => this.#start());
  }

  close() {
    this.closed = true;
    this.#stops?.splice(0).forEach((stop) => stop());
    this.#refuseAll({ code: "closed" });
    // The reply to an in-flight request is still stored; nothing new is started.
    this.#core ? this.tell("watching") : this.#wipe();
  }

  /** Closed and idle: removes all tokens from this object and from the core, whose memory is overwritten. */
  #wipe() {
    this.#core?.free();
    this.#core = this.options.tokens = undefined;
    this.tokens = null;
    this.scrubber.forget();
  }

  /**
   * @template {"demanded" | "adopted" | "signedOut" | "loadRequested"} E
   * @param {AbortSignal | undefined} signal @param {E} event @param {any} details  JSON text.
   * @param {string} [wish]  Options and time. Callers with the same wish are one caller to the core, which would answer them alike. Not
   *   on Workers, where a promise ends with the request that created it.
   * @returns {Promise<any>}
   */
  async #call(signal, event, details, callers = this.#callers, wish) {
    if (this.closed) throw this.#error({ code: "closed" });
    signal?.throwIfAborted();
    const { id, answer } = this.run(() =>
      callers.add(signal, (id) => callers == this.#callers && this.tell("withdrawn", id), wish),
    );
    if (id) this.#start();
    if (id) this.ready(() => callers.has(id) && this.tell(event, id, details));
    return kept(answer, () => this.tell("woke"));
  }

  /** Starts listening to other contexts and, in a visible page, to the page's events. */
  #start() {
    if (this.#stops || this.closed) return;
    const stops = (this.#stops = /** @type {(() => void)[]} */ ([]));
    const watch = () => this.tell("watching", +this.#mayWatch());
    // Not needed before the first call, except for background refresh.
    const resumed = () =>
      (this.#core || this.#mayWatch()) && this.ready(() => (watch(), this.tell("resumed")));
    this.run(() => {
      if (globalThis.document) stops.push(pageWakes(resumed, watch));
      if (this.#mayWatch()) this.keep(() => this.ready(watch, this.window));
      try {
        // of two writes of one generation a storage refuses one: the hint of our own asks for no read
        const ended = this.options.storage.subscribe?.(
          (/** @type {any} */ generation) =>
            (this.#saved === generation && generation) || this.ready(() => this.tell("peerChanged")),
        );
        if (ended) stops.push(ended);
      } catch {} // Without notifications, the next read finds changes.
    });
  }

  #mayWatch() {
    return !this.closed && isWatched(this.options);
  }

  /**
   * Runs `then` with a core, at once if there is one. Otherwise the window is closed until then, because what was read may be stale.
   * @param {() => void} then @param {number[]} [window]
   */
  async ready(then, window = [0, 0, 0]) {
    try {
      if (!this.#core) {
        this.window = window;
        const exports = await this.#engine.load();
        if (!this.#core) {
          this.#core = this.#create(exports);
          this.begun();
        }
      }
    } catch (/** @type {any} */ error) {
      return this.#refuseAll(
        { code: "engine_failed", error_description: `${error?.message ?? error}` },
        error,
      );
    }
    then();
  }

  /** @param {Exports} exports */
  #create(exports) {
    const { tokens } = this.options;
    this.scrubber.learn(tokens);
    this.#exports = exports;
    const tools = { isWorkerd: isWorkerd(), generationOf, isEndpoint, typeOf, RefreshError };
    this.#wire ??= exports.wire(this.options, this.storage, this.scrubber, tools);
    this.#timer ??= this.#wire.timer(() => this.tell("woke"));
    const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
    return new exports.Core(coreOptions(this.options), high, low);
  }

  /**
   * Reports an event to the core and performs the resulting effects. Completions for a discarded core are dropped.
   * @template {keyof CoreEvents} E
   * @param {E} event @param {CoreEvents[E][0]} [number] @param {CoreEvents[E][1] | ""} [details]  A string crosses as it is.
   * @param {Core} [core]  The core whose effect this completes.
   */
  tell(event, number = 0, details = "", core = this.#core) {
    if (!core || core !== this.#core) return;
    const text = typeof details == "string" ? details : JSON.stringify(details);
    this.run(() => {
      /** @type {CoreEffect[]} */
      let effects;
      try {
        effects = JSON.parse(core.tell(this.#clock.now(), event, number, text));
      } catch {
        return this.#trapped();
      }
      for (const [word, ...details] of effects) this.perform(word, ...details);
      // Numbers and words only: no secret. The last effect is `rest`, with the phase.
      this.options.trace?.({
        at: Date.now() / 1000,
        event,
        phase: /** @type {any} */ (effects.pop())[2],
        effects: effects.map((/** @type {any[]} */ [word, first]) =>
          word == "notify" || first === +first ? `${word} ${first}` : word,
        ),
        generation: this.window[2],
        caller: number,
        toString() {
          return JSON.stringify(this);
        },
      });
    });
  }

  /** @param {string} word @param {any[]} details  Of the effect. */
  perform(word, ...details) {
    /** @type {any} */ (Driver.#effects)[word].call(this, ...details);
  }

  /** Asks the core. @param {Question} question @param {unknown} details  A string crosses as it is. */
  #ask(question, details, core = this.#core) {
    const text = typeof details == "string" ? details : JSON.stringify(details);
    return core && JSON.parse(core.tell(0, question, 0, text));
  }

  /** Discards the core. The next call creates a new one from the storage. */
  #trapped() {
    this.#engine.discard(this.#exports);
    this.#core = undefined;
    this.tokens = null;
    this.#locks.forEach((leave) => leave());
    this.#locks.clear();
    this.#refuseAll({ code: "engine_failed", error_description: "it stopped: call again" });
  }

  /** Shared by all drivers: saves a kilobyte per idle driver. @type {CoreEffects & ThisType<Driver>} */
  static #effects = {
    load(id) {
      this.#saved = this.#wire.failures.storage = undefined;
      const core = this.#core;
      this.#wire.storage.load().then(
        ([text, record]) => {
          this.scrubber.learn(record?.tokens);
          this.tell("loaded", id, text, core);
        },
        (error) => this.#storageFailed("load", error, id, core),
      );
    },

    save(id, record, expected) {
      const core = this.#core;
      this.scrubber.learn(record?.tokens);
      if (record?.pending) this.#attempt = record.pending.attempt;
      this.#saved = record?.generation;
      this.#underLock(id, core)
        .then((may) => may && this.#wire.storage.save(record, expected))
        .then(
          (written) => this.tell(written ? "saved" : "saveRefused", id, "", core),
          (error) => this.#storageFailed("save", error, id, core),
        );
    },

    lock(id, leaseSeconds) {
      const core = this.#core;
      const waiting = new AbortController();
      const { signal } = waiting;
      this.#locks.set(id, () => waiting.abort());
      const stored = this.#wire.lock.acquire(signal, leaseSeconds).then(
        ({ everywhere, passedOn, isHeld, release }) => {
          if (signal.aborted) return release();
          const released = new Promise((resolve) => this.#locks.set(id, () => resolve(release())));
          if (isHeld) this.#isHeld = isHeld;
          this.tell(everywhere ? "locked" : "lockedHere", id, passedOn, core);
          return released;
        },
        (error) => signal.aborted || this.#storageFailed("lock", error, id, core),
      );
      this.options.waitUntil?.(stored);
    },

    unlock(id) {
      this.#locks.get(id)?.();
      this.#locks.delete(id);
    },

    send(id) {
      this.#send(id);
    },

    hold(tokens, generation = 0, session = "", from = 0, until = Infinity) {
      this.tokens = Object.freeze(tokens ?? null);
      if (tokens) sessions.set(tokens, session);
      this.window = [from, until, generation];
    },

    grant(id) {
      this.#callers.take(id)?.resolve(this.tokens);
    },
    refuse(id, failure) {
      if (failure) this.#refusal = this.#wire.failures.error(failure);
      this.#callers.take(id)?.reject(this.#refusal);
    },
    done(id) {
      const caller = this.#callers.take(id);
      Promise.all(this.#revocations.splice(0)).then(caller?.resolve);
    },

    notify(type, subject, second) {
      const detail =
        type == "token-changed"
          ? { tokens: this.tokens, source: subject, generation: second }
          : type == "storage-failed"
            ? { error: this.#wire.failures.storage ?? new Error(NO_RECORD), operation: subject }
            : { error: this.#wire.failures.error(subject), ...(second !== undefined && { retryAt: second }) };
      this.#notify(type, detail);
      if (subject == "load") this.#unreadable();
    },

    revoke(token) {
      const core = this.#core;
      const told = this.#wire.revoke((...asked) => this.#ask(...asked, core), token);
      this.#revocations.push(told);
      this.options.waitUntil?.(told);
    },

    rest(state, phase, deadline) {
      const previous = this.state;
      this.state = state;
      if (state != previous) this.#notify("state-changed", { state, previous });
      if (state != "unknown") this.#readers.answerAll("resolve", this.tokens);
      const awaited = this.#callers.size + this.#readers.size > 0;
      const busy = awaited || this.#locks.size > 0;
      // On Workers a timer belongs to a request and ends with it.
      const rests = this.closed ? !this.#locks.size : isWorkerd() && !busy && !this.options.timer;
      this.#timer?.arm(rests ? undefined : deadline, Date.now(), awaited, busy);
      // An in-flight request may still return a text that quotes a secret.
      if (/signed|ended/.test(state) && !this.#sent && !busy) this.scrubber.forget();
      if (this.closed && phase == "idle") this.#wipe();
    },
  };

  /** Dispatches an event after all effects of the same core event. @param {string} type @param {object} detail */
  #notify(type, detail) {
    queueMicrotask(() => this.closed || this.#dispatch(type, detail));
  }

  #unreadable() {
    this.#readers.answerAll("reject", this.#wire.failures.error({ code: "storage_failed" }));
  }

  /** @param {number} id */
  async #send(id) {
    const core = /** @type {Core} */ (this.#core);
    const attempt = this.#attempt;
    const sent_at = Date.now();
    this.#sent++;
    this.#wire.failures.request();
    const reply = await this.#wire.exchange({
      ask: (...asked) => this.#ask(...asked, core),
      // While a function of the options ran, a sign-out, a login or a trap may have cancelled the effect.
      stands: async () =>
        (await this.#underLock(id, core)) && core === this.#core && this.#ask("sending", String(id)),
      tokens: () => this.tokens,
      capabilities: this.capabilities,
    });
    this.#sent--;
    if ("status" in reply) {
      const { headers, ...heard } = reply;
      if (core === this.#core) return this.tell("replied", id, heard, core);
      // The core that sent the request was discarded and the refresh token is spent: a new core stores the reply.
      return this.ready(() => this.tell("recovered", 0, { ...heard, attempt, sent_at }));
    }
    const { error, reason, ...unreachable } = reply;
    this.#wire.failures.request(error, unreachable.how, reason);
    this.tell("unreachable", id, unreachable, core);
  }

  /**
   * Whether the lock is still held. After a stall another context may hold it: then the effect of that number is not performed.
   * @param {number} id @param {Core} [core]
   */
  async #underLock(id, core) {
    const may = await this.#isHeld().catch(() => false);
    if (!may) this.tell("lockLost", id, "", core);
    return may;
  }

  /** @param {"load" | "save" | "lock"} operation @param {unknown} error @param {number} id @param {Core} [core] */
  #storageFailed(operation, error, id, core) {
    const fault = this.scrubber.presentable(error);
    this.#wire.failures.storage = fault;
    this.tell(`${operation}Failed`, id, "", core);
    // After a failed lock the core reads the storage first, which clears this, and then refuses the callers.
    this.#wire.failures.storage = fault;
    if (operation == "load") this.#unreadable();
  }

  /** @param {Failure} failure @param {unknown} [cause] */
  #error(failure, cause) {
    if (this.#wire) return this.#wire.failures.error(failure, cause);
    return new RefreshError({ ...failure, cause: cause && this.scrubber.presentable(cause) });
  }

  /** @param {Failure} failure @param {unknown} [cause] */
  #refuseAll(failure, cause) {
    const error = this.#error(failure, cause);
    for (const callers of [this.#callers, this.#readers]) callers.answerAll("reject", error);
  }
}
