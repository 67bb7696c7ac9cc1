// @ts-check
import { DEMAND, LOAD, REFRESH, check, checkOptions, checkReply } from "./options.js";
import { memoryStorage } from "../storage/memory.js";
import { isTokenRefused } from "./refusal.js";
import { GuardedEventTarget } from "./events.js";
import { authorizedFetch } from "./fetch.js";
import { Driver } from "./driver.js";

/** @import { DemandOptions, Refresher as Declared, RefresherOptions, TokenInput } from "../index.js" */
/** @import { Engine } from "./engine.js" */
/** @import { Options, Platform, Sender } from "./platform.js" */

/**
 * `createRefresher` for the engine and the platform of an entry.
 * @param {Engine} engine @param {Partial<Platform>} [platform]
 * @param {(refresher: object, driver: Driver) => void} [made]  For `oauth-refresher/host`, which needs the driver.
 * @returns {(options: RefresherOptions) => Declared}
 */
export const refresherMaker = (engine, platform, made) => (options) => {
  const checked = checkOptions(options);
  platform?.given?.(checked);
  const storage = checked.storage ?? memoryStorage();
  return /** @type {any} */ (new Refresher({ ...platform, ...checked, storage }, engine, made));
};

/**
 * Methods are own and bound, so that one can be passed to other libraries.
 * @implements {Omit<Declared, typeof Symbol.dispose>}
 */
class Refresher extends GuardedEventTarget {
  #driver;
  #options;

  /** @param {Options} options @param {Engine} engine @param {(refresher: object, driver: Driver) => void} [made] */
  constructor(options, engine, made) {
    super();
    this.#options = options;
    this.#driver = new (options.Driver ?? Driver)(options, engine, (type, detail) => {
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

  /** The first listener starts listening to other contexts. @type {GuardedEventTarget["addEventListener"]} */
  addEventListener = (...given) => {
    super.addEventListener(...given);
    this.#driver.listen();
  };

  /** @type {GuardedEventTarget["removeEventListener"]} */
  removeEventListener = (...given) => super.removeEventListener(...given);

  /** @param {DemandOptions} [options] */
  getAccessToken = async (options) => (await this.getTokens(options)).access_token;

  /** @param {DemandOptions} [options] */
  getTokens = async (options) => {
    // The common call has no options and skips the check.
    if (options !== undefined) check(DEMAND, options);
    const { signal, minValiditySeconds, rejected } = (options ??= {});
    const held = minValiditySeconds === undefined && this.#driver.fresh();
    if (!held || held.access_token === rejected || signal?.aborted) return this.#driver.demand(options);
    return held;
  };

  /** @param {{ signal?: AbortSignal, timeoutSeconds?: number }} [options] */
  refresh = async (options = {}) => {
    check(REFRESH, options);
    return this.#driver.demand(options, true);
  };

  /** @param {{ signal?: AbortSignal }} [options] */
  load = async (options = {}) => {
    check(LOAD, options);
    return this.#driver.load(options.signal);
  };

  /** @param {TokenInput} tokens */
  setTokens = async (tokens) => {
    checkReply(tokens, this.#options);
    return this.#driver.adopt(tokens);
  };

  /** @param {{ revoke?: boolean }} [options] */
  signOut = async (options = {}) => {
    check({ revoke: "true or false" }, options);
    const { issuer, revocation_endpoint = issuer } = this.#options;
    const [isUnknown] = await this.#driver.forget(options.revoke);
    if (options.revoke && (isUnknown || !revocation_endpoint))
      throw new TypeError(
        "revocation_endpoint is missing: write its URL, or an issuer that names one. Signed out here only",
      );
  };

  close = () => this.#driver.close();

  // Engines without this symbol have no `using` either.
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

/** Sends with a DPoP proof for each request (RFC 9449 §7.1), or by the platform's sender, if it has one. @param {Options} options @param {string} token_type @returns {Sender} */
const senderOf = ({ dpop, sender = (fetch) => fetch }, token_type) =>
  dpop && /^dpop$/i.test(token_type) ? /** @type {any} */ (dpop).sender : sender;
