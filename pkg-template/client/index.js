// @ts-check
// The page's side of `hostRefresher`: a refresher without core, locks, storage and refresh token.
import { sendableRequest, readResponse } from "./fetch.js";
import { isChallenged } from "../lib/refusal.js";
import { RefreshError } from "../lib/error.js";
import { authorizedFetch } from "../lib/fetch.js";
import { Connection } from "./connection.js";
import { GuardedEventTarget } from "../lib/events.js";

/** @import { Refresher, TokenInput } from "../index.js" */
/** @import { ConnectOptions, Target } from "./index.js" */

export { RefreshError };

/**
 * @param {Target | (() => Target)} target @param {ConnectOptions} [options]
 * @returns {Refresher}
 */
export const connectRefresher = (target, { fallback, fetchIn = "page", ...others } = {}) => {
  const given = `fallback ${typeof fallback}, fetchIn ${fetchIn}`;
  const [wrong = given] = Object.keys(others);
  if (!/(ion|ned), fetchIn (page|host)$/.test(wrong))
    throw new TypeError(`write fallback: a function, fetchIn: page or host, not ${wrong}`);
  return /** @type {any} */ (new ConnectedRefresher(target, fallback, fetchIn));
};

/** Methods are own and bound, so that they work without `this`. */
class ConnectedRefresher extends GuardedEventTarget {
  #connection;

  /** @param {Target | (() => Target)} target @param {ConnectOptions["fallback"]} fallback @param {ConnectOptions["fetchIn"]} fetchIn */
  constructor(target, fallback, fetchIn) {
    super();
    const connection = (this.#connection = new Connection(target, fallback, (type, detail) => {
      this.dispatchEvent(new CustomEvent(type, { detail }));
    }));
    const inPage = authorizedFetch(
      /** @type {any} */ (connection.facts),
      connection,
      (given) => this.getTokens(given),
      (response) => isChallenged(connection, response),
      () => globalThis.fetch,
    );
    /** @type {Refresher["fetch"]} */
    this.fetch = async (input, init) => {
      const own = await connection.ready();
      if (own) return own.fetch(input, init);
      if (fetchIn != "host" && connection.facts.fetchIn != "host") return inPage(input, init);
      const { signal, ...given } = await sendableRequest(input, init);
      return readResponse(await connection.call("fetch", given, signal));
    };
  }

  /** @param {import("../index.js").DemandOptions} [options] */
  getAccessToken = async (options) => (await this.getTokens(options)).access_token;

  /** @param {import("../index.js").DemandOptions} [options] */
  getTokens = async ({ signal, ...given } = {}) => {
    const { rejected, timeoutSeconds, ...others } = given;
    // what else is asked for is the host's to check
    const held = !Object.keys(others)[0] && !signal?.aborted && this.#connection.fresh();
    return held && held.access_token !== rejected ? held : this.#connection.call("getTokens", given, signal);
  };

  refresh = this.#said("refresh");

  load = this.#said("load");

  signOut = this.#said("signOut");

  /** @param {TokenInput} tokens */
  setTokens = async (tokens) => this.#connection.call("setTokens", { tokens: { ...tokens } }); // a Response or a promise has nothing to copy

  close = () => this.#connection.close();

  // Engines without this symbol have no `using` either.
  [Symbol.dispose ?? Symbol()]() {
    this.close();
  }

  /** Calls a method in the host, with its arguments. @param {"refresh" | "load" | "signOut"} method */
  #said(method) {
    return async (/** @type {{ signal?: AbortSignal }} */ { signal, ...given } = {}) =>
      this.#connection.call(method, given, signal);
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
}
