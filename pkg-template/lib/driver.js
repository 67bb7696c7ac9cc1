// @ts-check
import { whyNotLoaded } from "./engine.js";
import { RefreshError } from "./error.js";
import { exchange } from "./exchange.js";
import { clock } from "./ports/clock.js";
import { lockPort } from "./ports/lock.js";
import { storagePort } from "./ports/storage.js";
import { timer } from "./ports/timer.js";
import { isVisible, isWorkerd, pageWakes } from "./ports/wake.js";
import { requests } from "./request.js";
import { revoke } from "./revocation.js";
import { scrubber } from "./scrub.js";

/** @import { DemandOptions, Refresher, RefresherOptions, RefreshErrorCode, TokenInput, TokenRecord, TokenSet, TokenStorage } from "../index.js" */
/** @import { checkOptions } from "./options.js" */
/** @import { Engine, Exports } from "./engine.js" */
/** @import { Sender } from "./fetch.js" */
/** @import { HttpReply, NoReply } from "./ports/http.js" */

/** @typedef {ReturnType<typeof checkOptions> & { storage: TokenStorage } & Partial<Platform>} Options */
/**
 * What an entry knows of the place it is for.
 * @typedef {object} Platform
 * @property {Sender} sender  Sends requests to APIs, where plain `fetch` is not good enough.
 * @property {(work: Promise<unknown>) => void} [waitUntil]
 * @property {(options: RefresherOptions) => void} given  Hears of every refresher.
 * @property {(options: RefresherOptions, can: Refresher["capabilities"]) => void} spending  Throws where a refresh token must not be sent.
 * @property {typeof timer} [timer]  Wakes what a plain timer would not: a Durable Object that was evicted.
 */
/** @typedef {InstanceType<Exports["Core"]>} Core */
/** @typedef {{ resolve: (value?: any) => void, reject: (reason: unknown) => void }} Caller */
/** What the core says of a failure: the fields of a RefreshError, with a point in time. @typedef {any} Failure */

/** So often a request on Workers looks after what it waits for. */
const WORKER_BEAT_MS = 250;
/** The core found rubbish where a record should be. */
const NO_RECORD = "what is stored is no record of this library, and is left as it is";

/**
 * Performs the core's orders and tells it what came of them: one order, one thing awaited, one fact. It decides nothing.
 * The only caller of Core.
 */
export class Driver {
  /** @type {TokenSet | null} */
  tokens = null;
  /** @type {Refresher["state"]} */
  state = "unknown";
  closed = false;

  #options;
  #engine;
  #dispatch;
  /** The storage's tokens whose key is here. @type {(TokenStorage & { lost?: string }) | undefined} */
  #bound;
  #storage;
  #lock;
  #requests;
  #scrubber = scrubber();
  // Before whatever asked for the time: nothing is handed out on the word of a clock that jumped.
  #clock = clock((jump) => this.#tell(jump));
  #timer;

  /** @type {Exports | undefined} */
  #exports;
  /** @type {Core | undefined} */
  #core;
  /** From and until when the tokens go to callers without special wishes. */
  #fresh = [0, 0];
  /** Callers that wait, by their number. @type {Map<number, Caller>} */
  #callers = new Map();
  #lastCaller = 0;
  /** How to let go of a lock, or to stop waiting for it, by the number of its order. @type {Map<number, () => void>} */
  #locks = new Map();
  /** @type {Promise<unknown>[]} */
  #revocations = [];
  /** @type {(() => void)[] | undefined} */
  #stops;
  /** The mark that was written last: it says which request a reply belongs to. */
  #attempt = "";
  /** What the storage's failure was, while the core is told of it. @type {Error | undefined} */
  #storageError;
  /** Why the last request could not be built, or what its transport threw. */
  #unbuildable = "";

  /** @param {Options} options @param {Engine} engine @param {(type: string, detail: object) => void} dispatch */
  constructor(options, engine, dispatch) {
    const session = [options.token_endpoint ?? options.issuer, options.client_id, options.storage.name].join(
      " ",
    );
    this.#options = options;
    this.#engine = engine;
    this.#dispatch = dispatch;
    this.#bound = /** @type {any} */ (options.dpop)?.guarded(options.storage, options.clientAuth);
    this.#timer = (options.timer ?? timer)(() => this.#tell("woke"));
    this.#storage = storagePort(this.#bound ?? options.storage);
    // longer than the core lets anything take: the request, what its values wait for, and the saves around it
    const leaseMs = 2000 * options.timeoutSeconds + 60_000;
    this.#lock = lockPort(options.lock, options.storage, session, leaseMs);
    this.#requests = requests(options, this.#scrubber.learn);
    // A page that shows a session, or will, keeps it fresh without being asked; elsewhere the first call begins everything,
    // or the first listener.
    if (this.#mayWatch() || (options.background == "auto" && globalThis.document)) this.listen();
  }

  get capabilities() {
    const { everywhere } = this.#lock;
    return {
      engine: this.#engine.kind,
      crossContextLock: everywhere,
      conditionalSave: this.#storage.compares,
    };
  }

  /** The tokens, if a caller without special wishes may have them: no core, no lock, no storage. */
  fresh() {
    const now = this.#clock.now();
    const [from, until] = this.#fresh;
    return this.tokens && now >= from && now < until && !this.closed ? this.tokens : undefined;
  }

  /** @param {DemandOptions} wish @param {boolean} [force] @returns {Promise<TokenSet>} */
  demand({ signal, minValiditySeconds, timeoutSeconds, rejected }, force) {
    const patienceSeconds = timeoutSeconds ?? 2 * this.#options.timeoutSeconds + 10;
    return this.#call(signal, "demanded", () => ({
      ...(minValiditySeconds !== undefined && { min_validity: minValiditySeconds }),
      ...(rejected && { rejected }),
      ...(force && { force }),
      deadline: this.#clock.now() / 1000 + patienceSeconds,
    }));
  }

  /** @param {TokenInput} tokens @returns {Promise<TokenSet>} */
  adopt(tokens) {
    // a shaped reply may have its tokens anywhere
    JSON.stringify(tokens, (_, value) => (this.#scrubber.learn([value]), value));
    return this.#call(undefined, "adopted", () => tokens);
  }

  /** @param {boolean} revoke @returns {Promise<void>} */
  forget(revoke) {
    return this.#call(undefined, "signedOut", () => revoke || undefined);
  }

  /** Whether those challenges refuse the token that was sent. @param {string} challenges */
  rejects(challenges) {
    return !!this.#core?.ask("rejects", challenges);
  }

  /** Hears from now on what other contexts do. A Worker's global scope may not begin anything. */
  listen() {
    if (!isWorkerd()) queueMicrotask(() => this.#start());
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    this.#stops?.forEach((stop) => stop());
    this.#answerAll("closed");
    // a request that is out is still answered and stored; nothing new begins
    this.#tell("watching", 0);
  }

  /**
   * @param {AbortSignal | undefined} signal @param {string} fact @param {() => unknown} details
   * @returns {Promise<any>}
   */
  #call(signal, fact, details) {
    const answer = new Promise((resolve, reject) => {
      if (this.closed) return reject(this.#error({ code: "closed" }));
      if (signal?.aborted) return reject(signal.reason);
      const id = (this.#lastCaller = (this.#lastCaller % 0xffffffff) + 1);
      const aborted = () => {
        this.#callers.delete(id);
        this.#tell("withdrawn", id);
        reject(signal?.reason);
      };
      const done = () => signal?.removeEventListener("abort", aborted);
      this.#callers.set(id, {
        resolve: (value) => (done(), resolve(value)),
        reject: (reason) => (done(), reject(reason)),
      });
      signal?.addEventListener("abort", aborted, { once: true });
      this.#start();
      this.#ready(() => this.#callers.has(id) && this.#tell(fact, id, details()));
    });
    if (!isWorkerd()) return answer;
    // Workers take a request for hung that waits for nothing but another's work; and that other may be gone.
    const alive = setInterval(() => this.#tell("woke"), WORKER_BEAT_MS);
    return answer.finally(() => clearInterval(alive));
  }

  /** Begins to listen to other contexts and, where somebody may be looking, to the page. */
  #start() {
    if (this.#stops || this.closed) return;
    this.#stops = [];
    const watch = () => this.#tell("watching", +this.#mayWatch());
    // what was never asked for need not be looked at again
    const resumed = () =>
      (this.#core || this.#mayWatch()) && this.#ready(() => (watch(), this.#tell("resumed")));
    if (globalThis.document) this.#stops.push(pageWakes(resumed, watch));
    if (this.#mayWatch()) this.#ready(watch);
    try {
      const ended = this.#options.storage.subscribe?.(() => this.#ready(() => this.#tell("peerChanged")));
      if (ended) this.#stops.push(ended);
    } catch {} // without hints a read finds out later
  }

  #mayWatch() {
    const { background, timer } = this.#options;
    if (this.closed || (isWorkerd() && !timer)) return false;
    return background == "always" || (background == "auto" && (!!timer || isVisible()));
  }

  /** Runs `then` with a core: at once if there is one. @param {() => void} then */
  async #ready(then) {
    try {
      if (!this.#core) {
        const exports = await this.#engine.load();
        this.#core ??= this.#create(exports);
      }
    } catch (error) {
      return this.#answerAll("engine_failed", whyNotLoaded(error));
    }
    then();
  }

  /** @param {Exports} exports */
  #create(exports) {
    const { client_id, clientAuth, resource, ...others } = this.#options;
    const [high, low] = crypto.getRandomValues(new Uint32Array(2));
    const text = JSON.stringify({
      ...others,
      client_id,
      clientAuth: typeof clientAuth == "function" ? "custom" : clientAuth,
      resource: resource && [resource].flat(),
      client_secret: undefined,
      storage: undefined,
    });
    if (others.tokens) this.#scrubber.learn(Object.values(others.tokens));
    this.#exports = exports;
    return new exports.Core(text, /** @type {number} */ (high), /** @type {number} */ (low));
  }

  /**
   * Tells the core something, and does what it says. What ends an order of a core that is gone is nobody's.
   * @param {string} fact @param {number} [number]  Of an order or a caller. @param {unknown} [details]  A string is told as it is.
   * @param {Core} [core]  The one whose order this ends.
   */
  #tell(fact, number = 0, details = "", core = this.#core) {
    if (!core || core !== this.#core) return;
    const text = typeof details == "string" ? details : JSON.stringify(details);
    let orders;
    try {
      orders = JSON.parse(core.tell(this.#clock.now(), fact, number, text));
    } catch {
      return this.#trapped();
    }
    for (const [word, ...details] of orders) /** @type {any} */ (this.#orders)[word](...details);
  }

  /** The core is gone; what is durable is in the storage, and the next call begins there with a fresh one. */
  #trapped() {
    if (this.#exports) this.#engine.discard(this.#exports);
    this.#core = undefined;
    this.tokens = null;
    this.#locks.forEach((leave) => leave());
    this.#locks.clear();
    this.#answerAll("engine_failed", "it stopped: call again");
  }

  #orders = {
    load: (/** @type {number} */ order) => {
      const core = this.#core;
      this.#storage.load().then(
        (stored) => this.#tell("loaded", order, this.#read(stored), core),
        (error) => this.#storageFailed("load", error, order, core),
      );
    },

    /** @param {number} order @param {TokenRecord | null} record @param {number | null} expected */
    save: (order, record, expected) => {
      const core = this.#core;
      if (record) this.#scrubber.learn(Object.values(record.tokens));
      if (record?.pending) this.#attempt = record.pending.attempt;
      this.#storage.save(record, expected).then(
        (written) => this.#tell(written ? "saved" : "saveRefused", order, "", core),
        (error) => this.#storageFailed("save", error, order, core),
      );
    },

    lock: (/** @type {number} */ order) => {
      const core = this.#core;
      const waiting = new AbortController();
      this.#locks.set(order, () => waiting.abort());
      const stored = new Promise((resolve) => {
        this.#lock.acquire(waiting.signal).then(
          ({ everywhere, release }) => {
            if (waiting.signal.aborted) return resolve(release());
            this.#locks.set(order, () => resolve(release()));
            this.#tell(everywhere ? "locked" : "lockedHere", order, "", core);
          },
          (error) => {
            resolve(undefined);
            if (!waiting.signal.aborted) this.#storageFailed("lock", error, order, core);
          },
        );
      });
      this.#options.waitUntil?.(stored);
    },

    unlock: (/** @type {number} */ order) => {
      this.#locks.get(order)?.();
      this.#locks.delete(order);
    },

    send: (/** @type {number} */ order) => this.#send(order),

    /** @param {TokenSet} [tokens] @param {number} [_generation] @param {number} [from] @param {number} [until] */
    hold: (tokens, _generation, from = 0, until = Infinity) => {
      this.tokens = tokens ?? null;
      this.#fresh = [from, until];
    },

    grant: (/** @type {number} */ id) => this.#take(id)?.resolve(this.tokens),
    refuse: (/** @type {number} */ id, /** @type {Failure} */ failure) =>
      this.#take(id)?.reject(this.#error(failure)),
    done: (/** @type {number} */ id) => {
      const caller = this.#take(id);
      Promise.all(this.#revocations.splice(0)).then(() => caller?.resolve());
    },

    /** @param {string} type @param {any} first @param {number} [second] */
    notify: (type, first, second) => {
      const detail =
        type == "token-changed"
          ? { tokens: this.tokens, source: first, generation: second }
          : type == "storage-failed"
            ? { error: this.#storageError ?? new Error(NO_RECORD), operation: first }
            : { error: this.#error(first), ...(second !== undefined && { retryAt: second }) };
      // Listeners run after everything that the same fact brought about, and outside of it.
      queueMicrotask(() => this.closed || this.#dispatch(type, detail));
    },

    revoke: (/** @type {string} */ token) => {
      const ask = (/** @type {string} */ values) => this.#core?.ask("revocation", values) ?? "";
      const told = revoke(this.#options, this.#requests, ask, token);
      this.#revocations.push(told);
      this.#options.waitUntil?.(told);
    },

    /** @param {Refresher["state"]} state @param {number} [deadline] */
    rest: (state, deadline) => {
      this.state = state;
      const awaited = this.#callers.size > 0;
      const busy = awaited || this.#locks.size > 0;
      // Workers: a timer belongs to a request, and would die with it
      const rests = this.closed ? !this.#locks.size : isWorkerd() && !busy && !this.#options.timer;
      this.#timer.arm(rests ? undefined : deadline, Date.now(), awaited, busy);
    },
  };

  /** @param {number} order */
  async #send(order) {
    const core = /** @type {Core} */ (this.#core);
    const attempt = this.#attempt;
    const sent_at = Date.now() / 1000;
    this.#unbuildable = "";
    /** @type {HttpReply | NoReply} */
    let reply;
    try {
      this.#options.spending?.(this.#options, this.capabilities);
      reply = await exchange(this.#options, this.#requests, {
        ask: (values) => core.ask("request", values),
        // To build it took as long as somebody's function did: a sign-out, a login or a trap may have come first.
        stands: () => core === this.#core && !!core.ask("sending", String(order)),
        tokens: () => this.tokens,
        threw: (message) => (this.#unbuildable = message),
      });
    } catch (/** @type {any} */ error) {
      this.#unbuildable = String(error?.message ?? "");
      return this.#tell(error?.isUnsent ? "unsent" : "unbuildable", order, "", core);
    }
    if (typeof reply == "string") return this.#tell(reply, order, "", core);
    if (core === this.#core) return this.#tell("replied", order, reply, core);
    // The core that asked is gone, and the refresh token with it: what the reply brought is all there is.
    this.#ready(() => this.#tell("recovered", 0, { ...reply, attempt, sent_at }));
  }

  /** @param {"load" | "save" | "lock"} operation @param {unknown} error @param {number} order @param {Core} [core] */
  #storageFailed(operation, error, order, core) {
    this.#storageError = this.#scrubber.presentable(error);
    this.#tell(`${operation}Failed`, order, "", core);
    this.#storageError = undefined;
  }

  /** What a storage holds, once it is known what in it is secret. @param {string} stored */
  #read(stored) {
    const record = stored && JSON.parse(stored);
    if (record?.tokens) this.#scrubber.learn(Object.values(record.tokens));
    return stored;
  }

  /** @param {number} id */
  #take(id) {
    const caller = this.#callers.get(id);
    this.#callers.delete(id);
    return caller;
  }

  /** @param {RefreshErrorCode} code @param {string} [error_description] */
  #answerAll(code, error_description) {
    const callers = [...this.#callers.values()];
    this.#callers.clear();
    for (const { reject } of callers) reject(this.#error({ code, error_description }));
  }

  /** @param {Failure} failure */
  #error({ retry_at, error, error_description, ...fields }) {
    const { scrub } = this.#scrubber;
    const lost = fields.code == "session_ended" && this.#bound?.lost;
    const isOurs = /rejected|unavailable|unknown/.test(fields.code) && !fields.status;
    const ours = lost || (isOurs && this.#unbuildable);
    return new RefreshError({
      ...fields,
      ...(lost && { refreshTokenState: "unspent" }),
      error: scrub(error),
      error_description: scrub(error_description ?? ours),
      ...(retry_at && { retryAfterSeconds: Math.max(0, Math.ceil(retry_at - Date.now() / 1000)) }),
    });
  }
}
