// @ts-check
// Between an SDK of the Model Context Protocol and a refresher: the SDK logs in, registers and exchanges codes (with the author's provider),
// the refresher keeps what came of it. The SDK gets no refresh token, so it sends none.
import { browsers } from "./browsers.js";
import { checkSessionOptions } from "./checks.js";
import { provesLogin } from "./dpop.js";
import { endpointsOf, isOf, keyOf, readFacts, refresherOptions } from "./facts.js";
import { loginTurns } from "./login.js";
import { guarded } from "./provider.js";
import { asksWith, refusal, reply, STAND_IN, urlOf } from "./wire.js";

/** @import { FetchInput, Refresher, RefresherOptions, TokenSet } from "../index.js" */
/** @import { McpDiscoveryState, McpOptions, McpProvider, McpTokens, mcpSession as declared } from "./index.js" */
/** @import { Facts } from "./facts.js" */

/**
 * @typedef {object} Session
 * @property {string} id
 * @property {Facts} facts
 * @property {Refresher} refresher
 * @property {{ error?: string }} [lost]  The authorization server does not know the client any more, and said so.
 */

/** An SDK's `auth()` takes less than this. */
const AUTH_MS = 60_000;
/** So many access tokens that the SDK was given are known in its requests. */
const TOKENS_KNOWN = 50;

/** `mcpSession`, with the `createRefresher` of an entry. @param {(options: RefresherOptions) => Refresher} createRefresher @returns {typeof declared} */
export const sessionMaker = (createRefresher) => (provider, options) => {
  checkSessionOptions(provider, options);
  const session = new McpSession(createRefresher, provider, options);
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
  #browsers = browsers();
  /** What the SDK said last in this process. @type {McpDiscoveryState | undefined} */
  #told;
  /** What it or the author's provider said last. @type {McpDiscoveryState | undefined} */
  #seen;
  /** @type {Session | undefined} */
  #session;
  /** @type {Promise<Session | undefined> | undefined} */
  #reading;
  /** The facts have to be read before the next use. */
  #isStale = true;
  #isClosed = false;
  /** The access tokens that the SDK was given, oldest first. @type {Set<string>} */
  #given = new Set();
  /** A browser is open, or was. */
  #isLoggingIn = false;
  /** How often the server asked for more scope since the last login. */
  #stepUps = 0;
  /** The SDK's `auth()` that runs now sends by this session's `fetch`. */
  #isOurs = false;
  /** When a 401 was last left to the SDK: by which it then asks for tokens in `auth()`. */
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
    this.#logins = loginTurns(options.loginLock, options.loginTimeoutSeconds ?? 300);
  }

  // What the SDK asks of its provider.

  /** For a request to the MCP server: undefined lets it go without a token, and the server's 401 says how to get one. @returns {Promise<McpTokens | undefined>} */
  async tokens() {
    const found = await this.#found();
    return found && this.#shown(found.tokens, found.session);
  }

  /**
   * Within the SDK's `auth()`: undefined opens a browser.
   * @returns {Promise<McpTokens | undefined>}
   */
  async tokensForAuth() {
    const session = await this.#current();
    if (!session) return;
    if (this.#stepUps) {
      // no refresh widens a scope (RFC 6749 §6): without a refresh token the SDK asks for another login
      this.#stepUps -= 1;
      return session.refresher.tokens ? this.#shown(session.refresher.tokens, session) : undefined;
    }
    const found = await this.#found();
    const lost = this.#session?.lost;
    if (!found && !lost) return;
    const isOurs = this.#isOurs || performance.now() - this.#leftAt < AUTH_MS;
    if (!isOurs && lost) throw lost;
    if (!isOurs)
      throw new TypeError(
        "mcpSession: there is a session, and no login is needed: write auth(session.authProvider, { serverUrl, fetchFn: session.fetch }), or await session.signOut() before another login",
      );
    this.#browsers.end();
    // what the SDK takes for a refresh comes to `fetch`, and is answered there
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
    // SDK 2 hands back what it was given, with its stamp
    if (!tokens.refresh_token && tokens.access_token === refresher.tokens?.access_token) return;
    await refresher.setTokens({ ...tokens, issuer: issuer ?? facts.issuer });
    this.#stepUps = 0;
    this.#loggedIn();
  }

  async discoveryState() {
    this.#isOurs = false;
    this.#browsers.begin();
    const state = await this.#provider.discoveryState?.();
    this.#seen = state ?? this.#seen;
    // without the author's own hooks a login ends where it began: at the authorization server that it was sent to
    return state ?? (this.#isLoggingIn ? this.#told : undefined);
  }

  /** @param {McpDiscoveryState} state */
  async saveDiscoveryState(state) {
    this.#told = this.#seen = state;
    this.forget();
    await this.#provider.saveDiscoveryState?.(state);
  }

  /** Of what the SDK would open a browser for, at the same time, one is enough. @param {string} verifier */
  async isSpare(verifier) {
    return this.#browsers.isSpare(verifier);
  }

  /** Whether the browser shall open. @param {URL} url */
  opens(url) {
    if (this.#browsers.isDropped(url)) return false;
    this.#isLoggingIn = true;
    this.#logins.opened();
    return true;
  }

  /** Facts have changed. */
  forget() {
    this.#reading = undefined;
    this.#isStale = true;
  }

  // What the SDK sends.

  /** @param {FetchInput} input @param {RequestInit} [init] @returns {Promise<Response>} */
  async fetch(input, init = {}) {
    const url = urlOf(input);
    const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined));
    const token = /^(?:Bearer|DPoP) +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
    if (asksWith(init, STAND_IN)) return this.#answered();
    if (token && this.#given.has(token)) return this.#withToken(input, init, url, headers);
    const response = await this.#plain(input, init);
    if (!this.#isServer(url, init)) this.#isOurs = true;
    else if (response.status == 401) return this.#refused(response, input, init);
    return response;
  }

  /** @param {FetchInput} input @param {RequestInit} init @param {URL} url @param {Headers} headers */
  async #withToken(input, init, url, headers) {
    if (url.origin !== this.#serverUrl.origin)
      throw new TypeError(`mcpSession: ${url.origin} gets no access token of ${this.#serverUrl.origin}`);
    const session = await this.#current();
    let response;
    try {
      if (session) response = await session.refresher.fetch(input, init);
    } catch (error) {
      if (!isOver(error)) throw error;
    }
    if (!response) {
      // the session ended between the SDK's question and its request
      headers.delete("authorization");
      init = { ...init, headers };
      response = await this.#plain(input, init);
    }
    if (response.status == 403 && refusal(response) == "insufficient_scope") this.#stepUps += 1;
    if (response.status != 401) return response;
    this.#leftAt = performance.now();
    return session && !isEnded(session) ? response : this.#refused(response, input, init);
  }

  /** The server wants a login. Another process, or another call, may have brought one by now. @param {Response} response @param {FetchInput} input @param {RequestInit} init */
  async #refused(response, input, init) {
    this.#leftAt = performance.now();
    const isThere = async () => !!(await this.#found(true));
    if (!(await this.#logins.adopted(init.signal, isThere))) return response;
    const session = await this.#current();
    if (!session) return response;
    response.body?.cancel().catch(() => {});
    return session.refresher.fetch(input, init);
  }

  /** What the SDK takes for a refresh is a question whether there are tokens. */
  async #answered() {
    try {
      const found = await this.#found();
      // the SDK registers anew
      if (this.#session?.lost) return reply(401, { error: this.#session.lost.error });
      if (!found) return reply(400, { error: "invalid_grant" });
      this.#logins.end();
      return reply(200, this.#shown(found.tokens, found.session));
    } catch {
      // by this name both SDKs give up without opening a browser
      return reply(503, { error: "temporarily_unavailable", error_description: "Try again later" });
    }
  }

  /** Without the token. A code exchange proves the key that the tokens shall be bound to. @param {FetchInput} input @param {RequestInit} init */
  async #plain(input, init) {
    const send = this.#options.fetch ?? globalThis.fetch;
    const { dpop } = this.#options;
    return dpop ? provesLogin(dpop, send)(input, init) : send(input, init);
  }

  /** Whether a request is to the MCP server and not to the authorization server beside it. @param {URL} url @param {RequestInit} init */
  #isServer({ origin, pathname, href }, { body }) {
    if (href === this.#serverUrl.href) return true;
    if (origin !== this.#serverUrl.origin || pathname.includes("/.well-known/")) return false;
    const { authorizationServerUrl, authorizationServerMetadata = {} } = this.#seen ?? {};
    if (!authorizationServerUrl) return !(body instanceof URLSearchParams);
    const endpoints = endpointsOf(String(authorizationServerUrl), authorizationServerMetadata);
    return !Object.values(endpoints).includes(href);
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
    this.#isLoggingIn = false;
    await session.refresher.signOut(how);
  }

  close() {
    this.#isClosed = true;
    this.#logins.end();
    this.#session?.refresher.close();
  }

  #loggedIn() {
    this.#isLoggingIn = false;
    this.#browsers.end();
    this.#logins.end();
  }

  /**
   * The tokens, refreshed if they must be; nothing, if only a login helps. Where there is nothing, the facts may be old: another process
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
    session.lost = undefined;
    try {
      const tokens = await session.refresher.getTokens();
      if (isOf(session.facts, tokens.issuer)) return { tokens, session };
    } catch (/** @type {any} */ error) {
      const isLost = /^(invalid|unauthorized)_client$/.test(error?.error);
      if (isLost && this.#provider.saveClientInformation) session.lost = error;
      else if (!isOver(error)) throw error;
    }
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
    this.#isStale = false;
    const facts = await readFacts(this.#provider, this.#serverUrl, this.#told);
    if (!facts) return;
    const key = await keyOf(this.#serverUrl, facts);
    const { issuer, client, resource, metadata } = facts;
    const { client_id } = client;
    const options = refresherOptions(this.#provider, facts);
    const id = JSON.stringify([
      key,
      { ...options, client_secret: !!options.client_secret },
      metadata.token_endpoint_auth_methods_supported,
    ]);
    if (this.#session?.id === id || this.#isClosed) return this.#session;
    this.#session?.refresher.close();
    const { lock, fetch, refresh, dpop = await sessionDpop(this.#provider) } = this.#options;
    const refresher = this.#createRefresher({
      ...refresh,
      ...options,
      ...(dpop && { dpop }),
      ...(lock && { lock }),
      ...(fetch && { fetch }),
      storage: this.#options.storage({ key, issuer, client_id, ...(resource && { resource }) }),
      origins: [this.#serverUrl.origin],
      // servers name an error or do not; to the SDKs a 401 is a 401
      isTokenRejected: ({ status }) => status == 401,
    });
    return (this.#session = { id, facts, refresher });
  }

  /** What the SDK sees of the tokens: no refresh token. @param {TokenSet} tokens @param {Session} session @returns {McpTokens} */
  #shown({ access_token, token_type, expires_at, scope, id_token, issuer }, { facts }) {
    this.#given.delete(access_token);
    this.#given.add(access_token);
    const [oldest] = this.#given;
    if (this.#given.size > TOKENS_KNOWN && oldest) this.#given.delete(oldest);
    return {
      access_token,
      token_type,
      ...(expires_at !== undefined && {
        expires_in: Math.max(0, Math.round(expires_at - Date.now() / 1000)),
      }),
      ...(scope !== undefined && { scope }),
      ...(id_token !== undefined && { id_token }),
      issuer: typeof issuer == "string" ? issuer : facts.issuer,
    };
  }
}

/** Only a login helps. @param {any} error */
const isOver = (error) => /^(session_ended|signed_out|identity_mismatch)$/.test(error?.code);

/** @param {Session} session */
const isEnded = ({ refresher }) => /^(signed-out|session-ended)$/.test(refresher.state);

/** The key of an author who uses SDK 2's own DPoP. @param {McpProvider} provider */
async function sessionDpop(provider) {
  const own = await provider.dpop?.();
  if (!own) return;
  const { privateKey, publicKey } = own.keyPair ?? {};
  if (!privateKey || !publicKey)
    throw new TypeError(
      "mcpSession: provider.dpop() shows no key pair: write the option dpop: dpop({ keyPair })",
    );
  const { dpop } = await import("../dpop/index.js");
  return dpop({ keyPair: { privateKey, publicKey } });
}
