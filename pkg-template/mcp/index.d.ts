import type { DPoP, Lock, Refresher, RefresherOptions, TokenStorage } from "../index.js";

/**
 * Keeps the login of a client of the Model Context Protocol. The result goes whole into a transport of the SDK, of version 1
 * (`@modelcontextprotocol/sdk`) or 2 (`@modelcontextprotocol/client`), Streamable HTTP or SSE.
 *
 * The provider keeps what it does: login, registration, `finishAuth`, step-up. It is not asked for tokens any more, and given none:
 * they are in the storage, and the SDK sees no refresh token. Which authorization server, client and resource it is, the SDK finds
 * out; nothing is discovered twice. With `discoveryState()` and `saveDiscoveryState()` the provider remembers that between processes; without
 * them the first request of each process is refused once by the server, so that the SDK discovers.
 *
 * - The access token goes to the origin of `serverUrl` and nowhere else. A 401 costs one refresh for all calls that meet it.
 * - A browser opens when only a login helps: there is no session, or the authorization server ended it. A server that is out of reach
 *   rejects the call with a `RefreshError` whose `retryable` is true, and nothing is lost.
 * - A 403 with `insufficient_scope` reaches the SDK as it came, unless another process has a login with more scope by now: the login is its own.
 * - `invalidateCredentials("tokens")`, which the SDK calls when a code was refused, does not end the session: `signOut` does.
 *
 * @throws TypeError for a provider or an option that is missing or does not fit.
 *
 * @example
 * ```ts
 * import { mcpSession, type McpProvider } from "oauth-refresher/mcp";
 * import { fileStorage } from "oauth-refresher/storage/node";
 *
 * declare const provider: McpProvider;
 * const session = mcpSession(provider, {
 *   serverUrl: "https://mcp.example/mcp",
 *   storage: ({ key }) => fileStorage(`/home/ada/.my-tool/${key}.json`),
 * });
 * // const transport = new StreamableHTTPClientTransport(url, session);
 * ```
 */
export function mcpSession<P extends McpProvider>(provider: P, options: McpOptions): McpSession<P>;

/** The server, and where its session lives. */
export interface McpOptions {
  /** The MCP server: https, or http on loopback. Its origin is the only one that gets the access token. */
  serverUrl: string | URL;
  /**
   * Where the session lives. Called when the SDK has found out what the session belongs to, and again when that changes. `key` is a fingerprint of server,
   * issuer, client and resource: sessions of different servers must not share a storage.
   */
  storage: (session: McpSessionName) => TokenStorage;
  /** What keeps two processes from refreshing at once, for a storage without a lock of its own: a keychain, say. */
  lock?: Lock | undefined;
  /**
   * Held while a login is under way: of several processes one opens the browser, the others wait and adopt what it brings. `fileLock` of
   * `oauth-refresher/storage/node`, a file for each server. Default: each process logs in for itself.
   */
  loginLock?: Lock | undefined;
  /** How many seconds a login may take before the next process has its turn. Default 300. */
  loginTimeoutSeconds?: number | undefined;
  /** Sends everything. Default: the global `fetch`, looked up at each call. */
  fetch?: typeof globalThis.fetch | undefined;
  /** How to refresh: as the options of `createRefresher`. */
  refresh?: Pick<
    RefresherOptions,
    | "reuse"
    | "timeoutSeconds"
    | "retries"
    | "endsWhen"
    | "refreshAheadSeconds"
    | "background"
    | "keepAliveSeconds"
    | "parameters"
    | "headers"
    | "waitUntil"
  >;
  /**
   * Sender-constrained tokens (RFC 9449), with both SDKs: `dpop({ keyPair })` of `oauth-refresher/dpop`. Processes that share a session
   * share its key. Default: the key of the provider's own `dpop()`, which SDK 2 knows.
   */
  dpop?: DPoP | undefined;
}

/** What a session belongs to. */
export interface McpSessionName {
  /** A fingerprint of all that is below and of the server: 32 hexadecimal digits, fit for a file name, no secret. */
  key: string;
  /** The authorization server's issuer. */
  issuer: string;
  /** As it was registered. */
  client_id: string;
  /** The resource that the tokens are for (RFC 8707), if the server's metadata names one. */
  resource?: string;
}

/** What goes into a transport of the SDK. */
export interface McpSession<P extends McpProvider> {
  /** The provider, but for its tokens. */
  authProvider: P & McpTokenHooks;
  /** Sends the SDK's requests: those to the server with the access token, discovery, registration and code exchange without. */
  fetch: typeof globalThis.fetch;
  /** The refresher of the session. Undefined until the SDK has discovered and registered, or a provider remembers both. */
  refresher(): Promise<Refresher | undefined>;
  /**
   * Ends the session, everywhere; with `revoke`, at the authorization server too (RFC 7009).
   *
   * @throws TypeError while it is not known which session that is; with `revoke`, after the session is over here, where the metadata of
   *   the authorization server name no `revocation_endpoint`.
   */
  signOut(options?: { revoke?: boolean }): Promise<void>;
  /** Stops timers and lets others log in. What is stored stays. */
  close(): void;
}

/**
 * What is used of an `OAuthClientProvider`. `tokens` and `saveTokens` of the provider are not called: it need not have them.
 */
export interface McpProvider {
  /** Where the authorization server sends the browser back to. */
  readonly redirectUrl: string | URL | undefined;
  /** The client as it was registered; undefined before. */
  clientInformation(context?: { issuer: string }): MaybePromise<McpClientInformation | undefined>;
  /** Opens the browser. */
  redirectToAuthorization(url: URL): MaybePromise<void>;
  /** Keeps a new registration (RFC 7591). */
  saveClientInformation?(information: any, context?: { issuer: string }): MaybePromise<void>;
  /** Authenticates the client in its own way, at refreshes too. */
  addClientAuthentication?(
    headers: Headers,
    params: URLSearchParams,
    url: any,
    metadata?: any,
  ): MaybePromise<void>;
  /** Chooses the `resource` (RFC 8707). Default: that of the metadata. */
  validateResourceURL?(serverUrl: string | URL, resource?: string): Promise<URL | undefined>;
  /** Forgets what the server refused; it is not told of tokens. */
  invalidateCredentials?(scope: any): MaybePromise<void>;
  /** Keeps what the SDK has discovered, for other processes. */
  saveDiscoveryState?(state: any): MaybePromise<void>;
  /** What was kept; undefined before. */
  discoveryState?(): MaybePromise<McpDiscoveryState | undefined>;
  /** SDK 2's own DPoP: a `DpopSession`, by its key. */
  dpop?(): any;
}

/** What the SDKs ask of the result instead. */
export interface McpTokenHooks {
  /** The access token, without a refresh token; undefined if a login is wanted. */
  tokens(context?: { issuer: string }): Promise<McpTokens | undefined>;
  /** The tokens of a login: they replace the session. */
  saveTokens(tokens: McpTokens, context?: { issuer: string }): Promise<void>;
}

/** Tokens in the shape of the SDKs. */
export interface McpTokens {
  /** As it came. */
  access_token: string;
  /** As registered: `Bearer`, `DPoP`. */
  token_type: string;
  /** As it came. */
  id_token?: string;
  /** Seconds from now. */
  expires_in?: number;
  /** Separated by spaces. */
  scope?: string;
  /** Given to `saveTokens`; never in what `tokens` answers. */
  refresh_token?: string;
  /** The authorization server that they are from, as the SDKs stamp it. */
  issuer?: string;
}

/** What is used of a registered client. */
export interface McpClientInformation {
  /** As it was registered. */
  client_id: string;
  /** Of a confidential client. */
  client_secret?: string | undefined;
  /** How it authenticates. Default: chosen as the SDKs do. */
  token_endpoint_auth_method?: string | undefined;
  /** The authorization server that registered it, as SDK 2 stamps it. */
  issuer?: string | undefined;
}

/** What is used of the SDKs' discovery. */
export interface McpDiscoveryState {
  /** Where the metadata was fetched from. */
  authorizationServerUrl: string | URL;
  /** Its document (RFC 8414). */
  authorizationServerMetadata?:
    | {
        issuer?: string | undefined;
        token_endpoint?: string | undefined;
        registration_endpoint?: string | undefined;
        revocation_endpoint?: string | undefined;
        token_endpoint_auth_methods_supported?: string[] | undefined;
      }
    | undefined;
  /** Where that document is, if a challenge of the server said so (RFC 9728 §5.1). */
  resourceMetadataUrl?: string | undefined;
  /** The document of the server (RFC 9728). */
  resourceMetadata?: { resource: string } | undefined;
}

/** `T`, or a promise of it. */
type MaybePromise<T> = T | Promise<T>;
