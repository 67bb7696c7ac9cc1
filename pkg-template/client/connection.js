// @ts-check
// The connection to a host: one transport at a time, replaced when the host stops answering, and the fallback if there is no host.
import { BEAT_MS, MISSED_BEATS, PROTOCOL, TAG } from "../lib/host-protocol.js";
import { clock } from "../lib/ports/clock.js";
import { sessions } from "../lib/sessions.js";
import { carry } from "./transport.js";
import { RefreshError } from "../lib/error.js";

/** @import { Refresher } from "../index.js" */
/** @import { Facts, Failure, FromHost, FromPage, Method, Session } from "../lib/host-protocol.js" */
/** @import { Transport } from "./transport.js" */
/** @import { ConnectOptions, Target } from "./index.js" */

/** `host`: the host instance that received the call, if known. @typedef {{ method: Method, given: any, host?: number | undefined, signal?: AbortSignal | undefined, resolve: (value: any) => void, reject: (reason: unknown) => void }} Call */

const NO_HOST = "the host does not answer";
const OTHER_VERSION = "the host has another version";
const EVENTS = "token-changed refresh-failed session-ended storage-failed state-changed".split(" ");

export class Connection {
  /** Filled in by the host's welcome. @type {Facts} */
  facts = /** @type {any} */ ({
    capabilities: { engine: "wasm", crossContextLock: false, conditionalSave: false },
    origins: [],
  });
  /** @type {Session} */
  #session = { tokens: null, state: "unknown", fresh: [0, 0] };

  #target;
  #fallback;
  #dispatch;
  /** Set when there is no host. @type {Refresher | undefined} */
  #own;
  /** @type {Transport | undefined} */
  #transport;
  #isClosed = false;
  /** The last host instance of this connection: a browser may restart the worker behind the same port. @type {number | undefined} */
  #host;
  /** @type {Map<number, Call>} */
  #calls = new Map();
  #lastCall = 0;
  /** Calls without options share one message. @type {Promise<any> | undefined} */
  #shared;
  #isWelcome = false;
  #attempts = 0;
  #missed = 0;
  /** @type {any} */
  #beat;
  // After a clock jump, the host's clock decides which token is valid.
  #clock = clock(() => (this.#session.fresh = [0, 0]));

  /** @param {Target | (() => Target)} target @param {ConnectOptions["fallback"]} fallback @param {(type: string, detail: object) => void} dispatch */
  constructor(target, fallback, dispatch) {
    this.#target = target;
    this.#fallback = fallback;
    this.#dispatch = dispatch;
    this.#connect();
  }

  get session() {
    return this.#own ?? this.#session;
  }

  /** The tokens, if a call without options may have them. Sends no message. @returns {any} */
  fresh() {
    const now = this.#clock.now();
    const { tokens, fresh } = this.#session;
    return !this.#own && !this.#isClosed && now >= fresh[0] && now < fresh[1] && tokens;
  }

  /** Whether challenges refuse the token that was sent, by the host's core. @param {string} challenges */
  rejects(challenges) {
    return this.call("rejects", { challenges });
  }

  /** Resolves when the host's facts are known, or with the fallback's refresher. @returns {Promise<Refresher | undefined>} */
  async ready() {
    // the host's answer comes after its welcome
    this.#own || this.#isWelcome || (await this.call("ready", {}));
    return this.#own;
  }

  /** @param {Method} method @param {any} given @param {AbortSignal} [signal] @returns {Promise<any>} */
  call(method, given, signal) {
    if (method != "getTokens" || signal || JSON.stringify(given) != "{}")
      return this.#call(method, given, signal);
    return (this.#shared ??= this.#call(method, given).finally(() => (this.#shared = undefined)));
  }

  close() {
    this.#isClosed = true;
    this.#post({ say: "bye" });
    this.#hangUp();
    this.#own?.close();
    this.#endAll(closed());
  }

  /** @param {Method} method @param {any} given @param {AbortSignal} [signal] @returns {Promise<any>} */
  async #call(method, given, signal) {
    if (this.#isClosed) throw closed();
    signal?.throwIfAborted();
    if (this.#own) return delegated(this.#own, method, given, signal);
    const id = ++this.#lastCall;
    const aborted = () => {
      this.#post({ say: "abort", id });
      this.#calls.get(id)?.reject(signal?.reason);
    };
    signal?.addEventListener("abort", aborted);
    try {
      return await new Promise((resolve, reject) => {
        /** @type {Call} */
        const call = { method, given, signal, resolve, reject };
        this.#calls.set(id, call);
        if (this.#transport) this.#say(id, call);
        else this.#connect(); // that says what is pending
        this.#arm();
      });
    } finally {
      // also one that cannot be copied into a message: it would be said again to each new host
      this.#calls.delete(id);
      signal?.removeEventListener("abort", aborted);
    }
  }

  #connect() {
    this.#missed = 0;
    try {
      this.#transport = carry(
        typeof this.#target == "function" ? this.#target() : this.#target,
        (message) => this.#heard(message),
        () => this.#isWelcome || this.#lost(NO_HOST),
        () => this.#lost(NO_HOST),
      );
    } catch (/** @type {any} */ error) {
      // Not synchronously: the caller must be waiting.
      return queueMicrotask(() => this.#lost(`${error?.message ?? error}`));
    }
    this.#host = undefined;
    this.#sayAll();
    this.#arm();
  }

  /** Sends all pending calls to a new host. */
  #sayAll() {
    this.#post({ say: "hello" });
    for (const [id, call] of this.#calls) this.#say(id, call);
  }

  /** A request that a host received may have been sent: it is not sent again. */
  #dropRequests() {
    for (const [id, { method, host, reject }] of this.#calls)
      if (method == "fetch" && host && this.#calls.delete(id)) reject(new TypeError("the host ended"));
  }

  /** @param {number} id @param {Call} call */
  #say(id, call) {
    call.host = this.#host;
    this.#post({ say: "call", id, method: call.method, given: call.given });
  }

  /** @param {FromPage} said */
  #post(said) {
    this.#transport?.post({ [TAG]: PROTOCOL, ...said });
  }

  /** @param {FromHost & Session & { [TAG]: number }} message */
  #heard(message) {
    this.#missed = 0;
    if (message[TAG] !== PROTOCOL || message.say == "parted") return this.#lost(OTHER_VERSION);
    const { tokens, state, fresh, session, host } = message;
    const isOther = this.#host && host != this.#host;
    const previous = this.#session.state;
    this.#host = host;
    this.#session = { tokens: tokens && Object.freeze(tokens), state, fresh };
    if (tokens) sessions.set(tokens, session);
    if (message.say == "welcome") {
      Object.assign(this.facts, message.facts);
      this.#isWelcome = true;
      this.#attempts = 0;
    }
    if (message.say == "answer") this.#answered(message);
    if (message.say == "event") {
      const { type, detail, error } = message;
      if (detail.tokens) detail.tokens = this.#session.tokens;
      if (error) detail.error = errorOf(error);
      this.#dispatch(type, detail);
    }
    // For any message: a page that connects after the host's first read also gets its first `state-changed`.
    if (state != previous) this.#dispatch("state-changed", { state, previous });
    if (!isOther) return;
    this.#dropRequests();
    this.#sayAll();
  }

  /** Records the session of the current tokens. @param {{ id: number, value?: any, error?: Failure }} message */
  #answered({ id, value, error }) {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (!this.#calls.size) this.#disarm();
    if (error) return call?.reject(errorOf(error));
    const { tokens } = this.#session;
    call?.resolve(
      value?.access_token && value.access_token == tokens?.access_token ? tokens : Object.freeze(value),
    );
  }

  /** Sends heartbeats while a call waits. */
  #arm() {
    this.#beat ??= setInterval(() => {
      if (!this.#transport || (this.#isWelcome && !this.#calls.size)) return this.#disarm();
      if (++this.#missed > MISSED_BEATS) return this.#lost(NO_HOST);
      this.#post({ say: "beat" });
    }, BEAT_MS);
  }

  #disarm() {
    clearInterval(this.#beat);
    this.#beat = undefined;
  }

  #hangUp() {
    this.#disarm();
    this.#transport?.stop();
    this.#transport = undefined;
    this.#isWelcome = false;
  }

  /** There is no host: restarts it, else uses the fallback, else rejects now and tries again at the next call. @param {string} why */
  #lost(why) {
    if (this.#isClosed || this.#own) return;
    this.#hangUp();
    this.#dropRequests();
    if (typeof this.#target == "function" && why != OTHER_VERSION && !this.#attempts++)
      return this.#connect();
    this.#attempts = 0;
    try {
      if (this.#fallback) return this.#fallBack(this.#fallback());
      throw new RefreshError({ code: "engine_failed", error_description: why });
    } catch (error) {
      this.#endAll(error); // the fallback's own, too
    }
  }

  /** @param {Refresher} own */
  #fallBack(own) {
    for (const type of /** @type {(keyof import("../index.js").RefresherEvents & string)[]} */ (EVENTS))
      own.addEventListener(type, (event) => this.#dispatch(type, /** @type {CustomEvent} */ (event).detail));
    this.#own = own;
    this.facts.capabilities = own.capabilities;
    for (const { method, given, signal, resolve } of this.#calls.values())
      resolve(delegated(own, method, given, signal));
  }

  /** Each call takes itself off the list before its caller goes on. @param {unknown} reason */
  #endAll(reason) {
    for (const { reject } of this.#calls.values()) reject(reason);
  }
}

/** @param {Refresher} own @param {Method} method @param {any} given @param {AbortSignal} [signal] @returns {any} */
function delegated(own, method, given, signal) {
  if (method == "setTokens") return own.setTokens(given.tokens);
  // `fetch` itself repeats its request with the fallback.
  if (/^re(jects|ady)/.test(method)) return true;
  if (method == "fetch") return own.fetch(given.url, given);
  return /** @type {any} */ (own)[method](signal ? { ...given, signal } : given);
}

const closed = () => new RefreshError({ code: "closed" });

/** @param {Failure} failure */
function errorOf({ fields, name, message, cause }) {
  const Type = name == "TypeError" ? TypeError : Error;
  return fields
    ? Object.assign(new RefreshError({ ...fields, cause }), { message })
    : Object.assign(new Type(message, { cause }), { name });
}
