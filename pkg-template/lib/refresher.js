// @ts-check
import { memoryStorage } from "../storage/memory.js";
import { Driver } from "./driver.js";
import { GuardedEventTarget } from "./events.js";
import { authorizedFetch } from "./fetch.js";
import { isTokenRefused } from "./refusal.js";
import { checkOptions } from "./options.js";

/** @import { DemandOptions, Refresher as Declared, RefresherOptions, TokenInput } from "../index.js" */
/** @import { Engine } from "./engine.js" */
/** @import { Options, Platform, Sender } from "./platform.js" */

/**
 * `createRefresher`, with an engine that an entry chose, and what that knows of the place.
 * @param {Engine} engine @param {Partial<Platform>} [platform]
 * @param {(refresher: object, driver: Driver) => void} [made]  For an entry that needs more than the interface: the host of pages.
 * @returns {(options: RefresherOptions) => Declared}
 */
export const refresherMaker = (engine, platform, made) => (options) => {
  const checked = checkOptions(options);
  platform?.given?.(checked);
  const storage = checked.storage ?? memoryStorage();
  return /** @type {any} */ (new Refresher({ ...platform, ...checked, storage }, engine, made));
};

/**
 * Methods are own and bound: one may be taken off and handed to other libraries.
 * @implements {Omit<Declared, typeof Symbol.dispose>}
 */
class Refresher extends GuardedEventTarget {
  #driver;
  #isShaped;

  /** @param {Options} options @param {Engine} engine @param {(refresher: object, driver: Driver) => void} [made] */
  constructor(options, engine, made) {
    super();
    this.#isShaped = !!options.response;
    this.#driver = new Driver(options, engine, (type, detail) => {
      this.dispatchEvent(new CustomEvent(type, { detail }));
    });
    made?.(this, this.#driver);
    this.fetch = authorizedFetch(
      options,
      this.#driver,
      (wish) => this.getTokens(wish),
      (response) => isTokenRefused(options, this.#driver, response),
      (token_type) => senderOf(options, token_type)(options.fetch ?? globalThis.fetch),
    );
  }

  /** The first listener starts the hints of other contexts. @type {GuardedEventTarget["addEventListener"]} */
  addEventListener = (...given) => {
    super.addEventListener(...given);
    this.#driver.listen();
  };

  /** @type {GuardedEventTarget["removeEventListener"]} */
  removeEventListener = (...given) => super.removeEventListener(...given);

  /** @param {DemandOptions} [options] */
  getAccessToken = async (options) => (await this.getTokens(options)).access_token;

  /** @param {DemandOptions} [options] */
  getTokens = async (options = {}) => {
    const { signal, minValiditySeconds, rejected } = options;
    const held = minValiditySeconds === undefined && this.#driver.fresh();
    if (!held || held.access_token === rejected || signal?.aborted) return this.#driver.demand(options);
    return held;
  };

  /** @param {{ signal?: AbortSignal, timeoutSeconds?: number }} [options] */
  refresh = async (options = {}) => this.#driver.demand(options, true);

  /** @param {{ signal?: AbortSignal }} [options] */
  load = async ({ signal } = {}) => this.#driver.load(signal);

  /** @param {TokenInput} tokens */
  setTokens = async (tokens) => {
    const some = [tokens?.access_token, tokens?.refresh_token].filter((token) => token != null);
    const isReply = some.length && some.every((token) => token && typeof token == "string");
    // The core knows where the tokens of a shaped reply are.
    if (!isReply && !this.#isShaped)
      throw new TypeError(
        "setTokens: write the token endpoint's reply, with access_token or refresh_token as non-empty strings",
      );
    return this.#driver.adopt(tokens);
  };

  signOut = async ({ revoke = false } = {}) => this.#driver.forget(revoke);

  close = () => this.#driver.close();

  // Older engines have no such symbol; then there is no `using` either.
  [Symbol.dispose ?? Symbol()]() {
    this.close();
  }

  get tokens() {
    return this.#driver.tokens;
  }

  get state() {
    return this.#driver.state;
  }

  get capabilities() {
    return this.#driver.capabilities;
  }
}

/** A key proves itself at each request (RFC 9449 §7.1); a place may follow redirects in its own way. @param {Options} options @param {string} token_type @returns {Sender} */
const senderOf = ({ dpop, sender = (fetch) => fetch }, token_type) =>
  dpop && /^dpop$/i.test(token_type) ? /** @type {any} */ (dpop).sender : sender;
