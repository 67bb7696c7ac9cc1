// @ts-check
import { memoryStorage } from "../storage/memory.js";
import { Driver } from "./driver.js";
import { GuardedEventTarget } from "./events.js";
import { authorizedFetch } from "./fetch.js";
import { checkOptions } from "./options.js";

/** @import { DemandOptions, Refresher as Declared, RefresherOptions, TokenInput } from "../index.js" */
/** @import { Engine } from "./engine.js" */
/** @import { Platform } from "./driver.js" */

/**
 * `createRefresher`, with an engine that an entry chose, and what that knows of the place.
 * @param {Engine} engine @param {Partial<Platform>} [platform]
 * @returns {(options: RefresherOptions) => Declared}
 */
export const refresherMaker = (engine, platform) => (options) => {
  const checked = checkOptions(options);
  platform?.given?.(checked);
  const storage = checked.storage ?? memoryStorage();
  return /** @type {any} */ (new Refresher({ ...platform, ...checked, storage }, engine));
};

/** @implements {Omit<Declared, "fetch" | typeof Symbol.dispose>}  Those two are defined as properties, below. */
class Refresher extends GuardedEventTarget {
  #driver;
  #isShaped;

  /** @param {import("./driver.js").Options} options @param {Engine} engine */
  constructor(options, engine) {
    super();
    this.#isShaped = !!options.response;
    this.#driver = new Driver(options, engine, (type, detail) => {
      this.dispatchEvent(new CustomEvent(type, { detail }));
    });
    options.lend?.(this, this.#driver);
    // Its own, and not the prototype's: fetch is handed to other libraries as it is.
    const value = authorizedFetch(options, this.#driver, (wish) => this.getTokens(wish));
    Object.defineProperty(this, "fetch", { value, configurable: true, writable: true });
  }

  /** Who listens hears other contexts too, before the first call. @type {GuardedEventTarget["addEventListener"]} */
  addEventListener(...given) {
    super.addEventListener(...given);
    this.#driver.listen();
  }

  /** @param {DemandOptions} [options] */
  async getAccessToken(options) {
    return (await this.getTokens(options)).access_token;
  }

  /** @param {DemandOptions} [options] */
  async getTokens(options = {}) {
    const { signal, minValiditySeconds, rejected } = options;
    const held = minValiditySeconds === undefined && this.#driver.fresh();
    if (!held || held.access_token === rejected || signal?.aborted) return this.#driver.demand(options);
    return held;
  }

  /** @param {{ signal?: AbortSignal, timeoutSeconds?: number }} [options] */
  async refresh(options = {}) {
    return this.#driver.demand(options, true);
  }

  /** @param {TokenInput} tokens */
  async setTokens(tokens) {
    const { access_token, refresh_token } = tokens ?? {};
    const some = [access_token, refresh_token].filter((token) => token !== undefined && token !== null);
    const isReply = some.length && some.every((token) => token && typeof token == "string");
    // where the tokens of a shaped reply are, the core knows
    if (!isReply && !this.#isShaped)
      throw new TypeError(
        "setTokens: write the token endpoint's reply, with access_token or refresh_token as non-empty strings",
      );
    return this.#driver.adopt(tokens);
  }

  async signOut({ revoke = false } = {}) {
    return this.#driver.forget(revoke);
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

  close() {
    this.#driver.close();
  }
}

// Older engines have no such symbol; then there is no `using` either.
if (Symbol.dispose)
  Object.defineProperty(Refresher.prototype, Symbol.dispose, {
    value: Refresher.prototype.close,
    configurable: true,
    writable: true,
  });
