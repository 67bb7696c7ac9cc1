// @ts-check
// Connects an SDK of the Model Context Protocol with a refresher. The SDK registers, logs in and exchanges codes with the application's
// provider; the refresher keeps the session. The SDK gets no refresh token, so it sends none.
import { RefreshError } from "../lib/error.js";
import { context } from "../lib/ports/context.js";
import { browsers } from "./browsers.js";
import { checkSessionOptions } from "./checks.js";
import { provesLogin } from "./dpop.js";
import { Discovery } from "./discovery.js";
import { isOf, readFacts } from "./facts.js";
import { loginTurns } from "./login.js";
import { isEnded, isOver, sessionOf, shown } from "./opened.js";
import { guarded } from "./provider.js";
import { asksWith, isScopeMissing, reply, STAND_IN, urlOf } from "./wire.js";

/** @import { FetchInput, Refresher, RefresherOptions, TokenSet } from "../index.js" */
/** @import { McpDiscoveryState, McpOptions, McpProvider, McpTokens, mcpSession as declared } from "./index.js" */
/** @import { Session } from "./opened.js" */

/** Longer than an SDK's `auth()`. */
const AUTH_MS = 60_000;
/** Number of remembered access tokens that the SDK was given. */
const TOKENS_KNOWN = 50;

/**
 * `mcpSession` with the `createRefresher` of an entry. The refresher is created during a call of the SDK, but in the async context of the
 * session.
 * @param {(options: RefresherOptions) => Refresher} createRefresher @param {typeof context} [asyncContext] @returns {typeof declared}
 */
export const sessionMaker =
  (createRefresher, asyncContext = context) =>
  (provider, options) => {
    checkSessionOptions(provider, options);
    const run = asyncContext();
    const session = new McpSession((given) => run(() => createRefresher(given)), provider, options);
    return {
      authProvider: guarded(provider, session),
      fetch: (input, init) => session.fetch(input, init),
      refresher: () => session.refresher(),
      signOut: (how) => session.signOut(how),
      close: () => session.close(),
    };
  };

export class McpSession {
  #createRefresher;
  #provider;
  #options;
  #serverUrl;
  #logins;
  browsers = browsers(() => this.#logins.failed());
  #discovery;
  /** @type {Session | undefined} */
  #session;
  /** @type {Promise<Session | undefined> | undefined} */
  #reading;
  /** Whether the facts must be read before the next use. */
  #isStale = true;
  /** Number of changes of the facts. */
  #age = 0;
  #isClosed = false;
  /** The access tokens that the SDK was given, oldest first. @type {Set<string>} */
  #given = new Set();
  /** A browser was opened for a login. */
  #isLoggingIn = false;
  /** There was no session at that time. */
  #isWithout = false;
  /** When the server last asked for more scope. */
  #stepUpAt = -Infinity;
  /** The running `auth()` uses this session's `fetch`. */
  #isOurs = false;
  /** When a 401 was last passed to the SDK, which then runs `auth()`. */
  #leftAt = -Infinity;

  /**
   * @param {(options: RefresherOptions) => Refresher} createRefresher @param {McpProvider} provider @param {McpOptions} options
   */
  constructor(createRefresher, provider, options) {
    this.#createRefresher = createRefresher;
    this.#provider = provider;
    this.#options = options;
    this.#serverUrl = new URL(options.serverUrl);
    this.#serverUrl.hash = "";
    this.#discovery = new Discovery(provider, this.#serverUrl);
    this.#logins = loginTurns(options.loginLock, options.loginTimeoutSeconds ?? 300);
  }

  // Calls of the SDK to its provider.

  /** For a request to the MCP server. Undefined: it is sent without a token, and the server's 401 starts the login. @returns {Promise<McpTokens | undefined>} */
  async tokens() {
    const found = await this.#found();
    // Another process received the redirect.
    if (found && this.#isWithout) this.#loggedIn();
    return found && this.#shown(found.tokens, found.session);
  }

  /**
   * Within the SDK's `auth()`: undefined opens a browser.
   * @returns {Promise<McpTokens | undefined>}
   */
  async tokensForAuth() {
    const session = await this.#current();
    if (!session) return;
    if (this.browsers.isStepUp() ?? this.#stepUpAt > this.#leftAt) {
      // A refresh cannot add scope (RFC 6749 §6): without a refresh token the SDK starts another login.
      this.#stepUpAt = -Infinity;
      return session.refresher.tokens ? this.#shown(session.refresher.tokens, session) : undefined;
    }
    const found = await this.#found();
    const lost = this.#session?.lost;
    if (!found && !lost) return;
    const isOurs = this.#isOurs || this.#isLeft();
    if (!isOurs && lost) throw lost;
    if (!isOurs)
      throw new TypeError(
        "mcpSession: there is a session, and no login is needed: write auth(session.authProvider, { serverUrl, fetchFn: session.fetch }), or await session.signOut() before another login",
      );
    // The SDK then sends a refresh with the stand-in, which `fetch` answers.
    const tokens = found?.tokens ?? { access_token: "", token_type: "Bearer" };
    return { ...this.#shown(tokens, session), refresh_token: STAND_IN };
  }

  /** After a login. @param {McpTokens} tokens */
  async saveTokens({ issuer, ...tokens }) {
    if (tokens.refresh_token === STAND_IN) return;
    const session = await this.#current(true);
    if (!session)
      throw new TypeError(
        "mcpSession: tokens of a client that `clientInformation()` does not know cannot be stored",
      );
    const { facts, refresher } = session;
    if (!isOf(facts, issuer))
      throw new TypeError(`mcpSession: tokens of ${issuer} are not stored as those of ${facts.issuer}`);
    // SDK 2 saves the tokens that it was given, with its stamp.
    if (!tokens.refresh_token && tokens.access_token === refresher.tokens?.access_token) return;
    await refresher.setTokens({ ...tokens, issuer: issuer ?? facts.issuer });
    this.#stepUpAt = -Infinity;
    this.#loggedIn();
  }

  async discoveryState() {
    this.#isOurs = false;
    // For an `auth()` of the application, withheld metadata shows whether it uses this session's `fetch`.
    const isOwn = !this.#isLeft() && !(this.#stepUpAt > this.#leftAt);
    return this.browsers.during(this.#discovery.state({ isLoggingIn: this.#isLoggingIn, isOwn }));
  }

  /** Whether the SDK runs `auth()` for a 401. */
  #isLeft() {
    return performance.now() - this.#leftAt < AUTH_MS;
  }

  /** @param {McpDiscoveryState} state */
  async saveDiscoveryState(state) {
    this.#discovery.learn(state);
    this.forget();
    await this.browsers.during(this.#provider.saveDiscoveryState?.(state));
    this.forget();
  }

  /** Returns whether the browser shall open. */
  opens() {
    const isStepUp = this.browsers.isStepUp();
    if (!this.browsers.opens()) return false;
    this.#isLoggingIn = true;
    this.#isWithout = !isStepUp;
    this.#logins.opened();
    return true;
  }

  /** The facts have changed. */
  forget() {
    this.#reading = undefined;
    this.#isStale = true;
    this.#age += 1;
  }

  // Requests of the SDK.

  /** @param {FetchInput} input @param {RequestInit} [init] @returns {Promise<Response>} */
  async fetch(input, init = {}) {
    const startedAt = performance.now();
    const url = urlOf(input);
    const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined));
    const token = /^(?:Bearer|DPoP) +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
    if (asksWith(init, STAND_IN)) return this.browsers.during(this.#answered());
    if (token && this.#given.has(token)) return this.#withToken(input, init, url, headers, startedAt);
    const known = this.#discovery.known(url);
    const isServer = !known && this.#discovery.isServer(url, init);
    const response = known ?? (await (isServer ? this.#plain(input, init) : this.#asks(url, input, init)));
    if (!isServer) this.#isOurs = true;
    else if (response.status == 401) return this.#refused(response, input, init, startedAt);
    return response;
  }

  /** @param {FetchInput} input @param {RequestInit} init @param {URL} url @param {Headers} headers @param {number} startedAt @returns {Promise<Response>} */
  async #withToken(input, init, url, headers, startedAt) {
    if (url.origin !== this.#serverUrl.origin)
      throw new TypeError(`mcpSession: ${url.origin} gets no access token of ${this.#serverUrl.origin}`);
    const session = await this.#current();
    let response;
    try {
      if (session) response = await this.#withScope(session, input, init);
    } catch (error) {
      if (this.#isLeftBehind(session, error)) return this.#withToken(input, init, url, headers, startedAt);
      if (!isOver(error)) throw error;
    }
    if (!response) {
      // The session ended after the SDK got the token.
      headers.delete("authorization");
      init = { ...init, headers };
      response = await this.#plain(input, init);
    }
    if (isScopeMissing(response)) {
      await this.browsers.begins(startedAt, init.signal, true);
      this.#stepUpAt = performance.now();
    }
    if (response.status != 401) return response;
    this.#leftAt = performance.now();
    return session && !isEnded(session) ? response : this.#refused(response, input, init, startedAt);
  }

  /** Sends the request. If scope is missing, waits for a login with more scope in another process. @param {Session} session @param {FetchInput} input @param {RequestInit} init */
  async #withScope({ refresher, storage }, input, init) {
    for (;;) {
      const response = await refresher.fetch(input, init);
      if (!isScopeMissing(response)) return response;
      const rejected = refresher.tokens?.access_token;
      const isReplaced = async () => {
        const stored = (await storage.load())?.tokens.access_token;
        return stored !== undefined && stored !== rejected;
      };
      if (!rejected || !(await this.#logins.adopted(init.signal, isReplaced))) return response;
      response.body?.cancel().catch(() => {});
      await refresher.getTokens({ rejected });
    }
  }

  /** A 401 that needs a login. Another process or call may have logged in by now. @param {Response} response @param {FetchInput} input @param {RequestInit} init @param {number} startedAt */
  async #refused(response, input, init, startedAt) {
    const isThere = async () => !!(await this.#found(true));
    if (
      !(await this.#logins.adopted(init.signal, isThere)) &&
      !(await this.#adopted(startedAt, init, isThere))
    )
      return response;
    const session = await this.#current();
    if (!session) return response;
    response.body?.cancel().catch(() => {});
    return session.refresher.fetch(input, init);
  }

  /** Whether an earlier call of this process obtained a session. If not, the SDK's `auth()` for this call begins. @param {number} startedAt @param {RequestInit} init @param {() => Promise<boolean>} isThere */
  async #adopted(startedAt, { signal }, isThere) {
    const hadToWait = await this.browsers.begins(startedAt, signal);
    this.#leftAt = performance.now();
    if (!hadToWait || !(await this.browsers.during(isThere()))) return false;
    this.#loggedIn();
    return true;
  }

  /** Answers the SDK's refresh with the stand-in: from the refresher. */
  async #answered() {
    try {
      const found = await this.#found();
      // Makes the SDK register again.
      if (this.#session?.lost) return reply(401, { error: this.#session.lost.error });
      if (!found) return reply(400, { error: "invalid_grant" });
      this.browsers.end();
      this.#logins.end();
      return reply(200, this.#shown(found.tokens, found.session));
    } catch {
      // With this error, both SDKs give up without opening a browser.
      return reply(503, { error: "temporarily_unavailable", error_description: "Try again later" });
    }
  }

  /** Sends the requests of the SDK's `auth()`. @param {URL} url @param {FetchInput} input @param {RequestInit} init */
  #asks(url, input, init) {
    return this.browsers.during(this.#discovery.watched(url, this.#plain(input, init)));
  }

  /** Sends without the access token. A code exchange carries a DPoP proof, if the option is set. @param {FetchInput} input @param {RequestInit} init */
  async #plain(input, init) {
    const send = this.#options.fetch ?? globalThis.fetch;
    const { dpop } = this.#options;
    return dpop ? provesLogin(dpop, send)(input, init) : send(input, init);
  }

  // The session.

  async refresher() {
    return (await this.#current())?.refresher;
  }

  /** @param {{ revoke?: boolean }} [how] */
  async signOut(how) {
    const session = await this.#current(true);
    if (!session)
      throw new TypeError(
        "mcpSession: which session to end is not known before a connection was made: give the provider discoveryState() and saveDiscoveryState(), or connect first",
      );
    this.#logins.end();
    this.#isLoggingIn = this.#isWithout = false;
    await session.refresher.signOut(how);
  }

  close() {
    this.#isClosed = true;
    this.#logins.end();
    this.#session?.refresher.close();
  }

  #loggedIn() {
    this.#isLoggingIn = this.#isWithout = false;
    this.browsers.end();
    this.#logins.end();
  }

  /**
   * The tokens, refreshed if needed; undefined if a login is needed. Before that, the facts are read again: another process may have
   * registered or logged in.
   * @param {boolean} [anew]
   */
  async #found(anew) {
    const session = await this.#current(anew);
    const found = session && (await this.#asked(session));
    if (found || anew) return found;
    const other = await this.#current(true);
    return other && other !== session ? this.#asked(other) : undefined;
  }

  /** @param {Session} session @returns {Promise<{ tokens: TokenSet, session: Session } | undefined>} */
  async #asked(session) {
    try {
      const tokens = await session.refresher.getTokens();
      session.lost = undefined;
      if (isOf(session.facts, tokens.issuer)) return { tokens, session };
    } catch (/** @type {any} */ error) {
      if (this.#isLeftBehind(session, error)) return this.#found();
      const isLost = /^(invalid|unauthorized)_client$/.test(error?.error);
      session.lost = isLost && this.#provider.saveClientInformation ? error : undefined;
      if (!session.lost && !isOver(error)) throw error;
    }
  }

  /** The facts changed while a call waited for the tokens of the previous session. @param {Session | undefined} session @param {any} error */
  #isLeftBehind(session, error) {
    return error?.code === "closed" && !this.#isClosed && session !== this.#session;
  }

  /** @param {boolean} [anew] @returns {Promise<Session | undefined>} */
  async #current(anew = false) {
    if (this.#session && !this.#isStale && (!anew || this.#isClosed)) return this.#session;
    const reading = (this.#reading ??= this.#read());
    return reading.finally(() => {
      if (this.#reading === reading) this.#reading = undefined;
    });
  }

  async #read() {
    if (this.#isClosed) return this.#last();
    this.#isStale = false;
    const age = this.#age;
    const facts = await readFacts(this.#provider, this.#serverUrl, this.#discovery.told).catch((error) => {
      this.forget();
      throw error;
    });
    if (!facts) return;
    const opened = await sessionOf(this.#provider, this.#options, this.#serverUrl, facts);
    // The facts have changed again.
    if (age !== this.#age) return this.#current();
    if (this.#session?.id === opened.id) return this.#session;
    if (this.#isClosed) return this.#last();
    const session = opened.open(this.#createRefresher);
    this.#session?.refresher.close();
    return (this.#session = session);
  }

  /** The session after `close`. */
  #last() {
    if (this.#session) return this.#session;
    throw new RefreshError({ code: "closed" });
  }

  /** The tokens for the SDK, without the refresh token. @param {TokenSet} tokens @param {Session} session @returns {McpTokens} */
  #shown(tokens, { facts }) {
    const { access_token } = tokens;
    this.#given.delete(access_token);
    this.#given.add(access_token);
    const [oldest] = this.#given;
    if (this.#given.size > TOKENS_KNOWN && oldest) this.#given.delete(oldest);
    return shown(tokens, facts);
  }
}
