// @ts-check
// A page's side of `hostRefresher`: the interface of a refresher, without the core, the locks, the storage and the refresh token.
import { RefreshError } from "../lib/error.js";
import { GuardedEventTarget } from "../lib/events.js";
import { authorizedFetch } from "../lib/fetch.js";
import { Connection } from "./connection.js";
import { sendableRequest, readResponse } from "./fetch.js";

/** @import { Refresher, TokenInput } from "../index.js" */
/** @import { ConnectOptions, Target } from "./index.js" */

export { RefreshError };

/**
 * @param {Target | (() => Target)} target @param {ConnectOptions} [options]
 * @returns {Refresher}
 */
export const connectRefresher = (target, options = {}) =>
  /** @type {any} */ (new ConnectedRefresher(target, options));

class ConnectedRefresher extends GuardedEventTarget {
  #connection;

  /** @param {Target | (() => Target)} target @param {ConnectOptions} options */
  constructor(target, options) {
    super();
    const connection = (this.#connection = new Connection(target, options, (type, detail) => {
      this.dispatchEvent(new CustomEvent(type, { detail }));
    }));
    const inPage = authorizedFetch(
      /** @type {any} */ (connection.facts),
      /** @type {any} */ (connection),
      (given) => this.getTokens(given),
    );
    /** @type {Refresher["fetch"]} */
    const fetch = async (input, init) => {
      const own = await connection.ready();
      if (own) return own.fetch(input, init);
      if (options.fetchIn != "host" && connection.facts.fetchIn != "host") return inPage(input, init);
      const { signal, ...given } = await sendableRequest(input, init);
      return readResponse(await connection.call("fetch", given, signal));
    };
    // Methods may be taken off the refresher and called alone.
    for (const name of /** @type {const} */ ([
      "getAccessToken",
      "getTokens",
      "refresh",
      "load",
      "setTokens",
      "signOut",
      "close",
    ]))
      define(this, name, /** @type {any} */ (this[name]).bind(this));
    define(this, "fetch", fetch);
  }

  /** @param {import("../index.js").DemandOptions} [options] */
  async getAccessToken(options) {
    return (await this.getTokens(options)).access_token;
  }

  /** @param {import("../index.js").DemandOptions} [options] */
  async getTokens({ signal, ...given } = {}) {
    const held = given.minValiditySeconds === undefined && !signal?.aborted && this.#connection.fresh();
    return held && held.access_token !== given.rejected
      ? held
      : this.#connection.call("getTokens", given, signal);
  }

  /** @param {{ signal?: AbortSignal, timeoutSeconds?: number }} [options] */
  async refresh({ signal, ...given } = {}) {
    return this.#connection.call("refresh", given, signal);
  }

  /** @param {{ signal?: AbortSignal }} [options] */
  async load({ signal } = {}) {
    return this.#connection.call("load", {}, signal);
  }

  /** @param {TokenInput} tokens */
  async setTokens(tokens) {
    return this.#connection.call("setTokens", { tokens });
  }

  async signOut({ revoke = false } = {}) {
    return this.#connection.call("signOut", { revoke });
  }

  get tokens() {
    return this.#connection.session.tokens;
  }

  get state() {
    return this.#connection.session.state;
  }

  get capabilities() {
    return this.#connection.facts.capabilities;
  }

  close() {
    this.#connection.close();
  }
}

if (Symbol.dispose) define(ConnectedRefresher.prototype, Symbol.dispose, ConnectedRefresher.prototype.close);

/** @param {object} target @param {PropertyKey} name @param {unknown} value */
function define(target, name, value) {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}
