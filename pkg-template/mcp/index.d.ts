import type { DPoP, Lock, Refresher, RefresherOptions, TokenStorage } from "../index.js";

/**
 * Keeps the session of a Model Context Protocol client. Pass the whole result to a transport of the SDK: version 1
 * (`@modelcontextprotocol/sdk`) or 2 (`@modelcontextprotocol/client`), Streamable HTTP or SSE.
 *
 * The SDK still discovers, registers and logs in with your provider. The tokens are in the storage: the provider's `tokens` and `saveTokens`
 * are not called, and the SDK gets no refresh token. With `discoveryState()` and `saveDiscoveryState()`, the provider shares the discovery
 * with other processes. Without them, the first request of each process gets a 401, and the SDK repeats discovery.
 *
 * - The access token is sent only to the origin of `serverUrl`. All calls that get a 401 for one token share one refresh.
 * - A browser opens only if a login is required: there is no session, or the authorization server ended it. If that server is unreachable,
 *   the call rejects with a `RefreshError` whose `retryable` is true, and the session stays.
 * - A 403 with `insufficient_scope` reaches the SDK, which starts a login, unless another process has a login with more scope by now.
 * - `invalidateCredentials("tokens")`, which the SDK calls when a code was refused, does not end the session. `signOut` does.
 *
 * @throws TypeError for a missing or wrong provider or option.
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

/** The server, the storage and the locks of a session. */
export interface McpOptions {
  /** The MCP server: https, or http on loopback. The access token is sent only to its origin. */
  serverUrl: string | URL;
  /**
   * Returns the storage of a session. Called when the SDK has discovered what the session belongs to, and again when that changes. Use `key`,
   * a fingerprint of server, authorization server, client and resource: two sessions must not share a storage.
   */
  storage: (session: McpSessionName) => TokenStorage;
  /** Prevents concurrent refreshes of several processes, for a storage without its own lock, such as a keychain. */
  lock?: Lock | undefined;
  /**
   * Held during a login: one of several processes opens the browser, the others wait for its session. For example `fileLock` of
   * `oauth-refresher/storage/node`, with one file per server. Default: each process logs in by itself.
   */
  loginLock?: Lock | undefined;
  /** Time limit of a login in seconds; then the next process may log in. Default 300. */
  loginTimeoutSeconds?: number | undefined;
  /** Sends all requests. Default: the global `fetch`, looked up at each call. */
  fetch?: typeof globalThis.fetch | undefined;
  /** Options of `createRefresher` for the refresh. */
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
   * must share its key. Default: the key of the provider's `dpop()` (SDK 2).
   */
  dpop?: DPoP | undefined;
}

/** Identifies a session. */
export interface McpSessionName {
  /** A fingerprint of the server, the authorization server, the client and the resource: 32 hexadecimal digits, no secret. */
  key: string;
  /** The authorization server's issuer. */
  issuer: string;
  /** The registered client. */
  client_id: string;
  /** The resource of the tokens (RFC 8707), if the server's metadata names one. */
  resource?: string;
}

/** The options for a transport of the SDK. */
export interface McpSession<P extends McpProvider> {
  /** The provider, with this session's tokens. */
  authProvider: P & McpTokenHooks;
  /** Sends the SDK's requests: with the access token to the server, without it for discovery, registration and code exchange. */
  fetch: typeof globalThis.fetch;
  /** The session's refresher. Undefined before discovery and registration, unless the provider has stored both. */
  refresher(): Promise<Refresher | undefined>;
  /**
   * Ends the session in all processes; with `revoke`, also at the authorization server (RFC 7009).
   *
   * @throws TypeError if the session is not known yet; with `revoke`, after the session has ended, if the authorization server's metadata
   *   has no `revocation_endpoint`.
   */
  signOut(options?: { revoke?: boolean }): Promise<void>;
  /** Stops timers and releases `loginLock`. The stored session stays. */
  close(): void;
}

/**
 * The used part of an `OAuthClientProvider`. `tokens` and `saveTokens` are not called and can be omitted.
 */
export interface McpProvider {
  /** The redirect URI of the login. */
  readonly redirectUrl: string | URL | undefined;
  /** The registered client; undefined before. */
  clientInformation(context?: { issuer: string }): MaybePromise<McpClientInformation | undefined>;
  /** Opens the browser. */
  redirectToAuthorization(url: URL): MaybePromise<void>;
  /** Stores a new registration (RFC 7591). */
  saveClientInformation?(information: any, context?: { issuer: string }): MaybePromise<void>;
  /** Authenticates the client, also at refreshes. */
  addClientAuthentication?(
    headers: Headers,
    params: URLSearchParams,
    url: any,
    metadata?: any,
  ): MaybePromise<void>;
  /** Chooses the `resource` (RFC 8707). Default: that of the metadata. */
  validateResourceURL?(serverUrl: string | URL, resource?: string): Promise<URL | undefined>;
  /** Deletes what the server refused. Not called with `"tokens"`. */
  invalidateCredentials?(scope: any): MaybePromise<void>;
  /** Stores the discovery of the SDK, for other processes. */
  saveDiscoveryState?(state: any): MaybePromise<void>;
  /** The stored discovery; undefined before. */
  discoveryState?(): MaybePromise<McpDiscoveryState | undefined>;
  /** SDK 2's own DPoP: a `DpopSession`, by its key. */
  dpop?(): any;
}

/** The hooks that replace the provider's. */
export interface McpTokenHooks {
  /** The access token, without a refresh token; undefined if a login is needed. */
  tokens(context?: { issuer: string }): Promise<McpTokens | undefined>;
  /** Stores the tokens of a login, which replace the session. */
  saveTokens(tokens: McpTokens, context?: { issuer: string }): Promise<void>;
}

/** Tokens as the SDKs represent them. */
export interface McpTokens {
  /** The access token. */
  access_token: string;
  /** `Bearer` or `DPoP`. */
  token_type: string;
  /** The id_token of the last reply. */
  id_token?: string;
  /** Seconds from now. */
  expires_in?: number;
  /** Separated by spaces. */
  scope?: string;
  /** Passed to `saveTokens`, never returned by `tokens`. */
  refresh_token?: string;
  /** The authorization server, as the SDKs stamp it. */
  issuer?: string;
}

/** The used part of a registered client. */
export interface McpClientInformation {
  /** The client identifier. */
  client_id: string;
  /** The secret of a confidential client. */
  client_secret?: string | undefined;
  /** The client authentication. Default: chosen as the SDKs do. */
  token_endpoint_auth_method?: string | undefined;
  /** The authorization server that registered it, as SDK 2 stamps it. */
  issuer?: string | undefined;
}

/** The used part of the SDKs' discovery. */
export interface McpDiscoveryState {
  /** The URL by which the metadata was found. */
  authorizationServerUrl: string | URL;
  /** The authorization server's metadata (RFC 8414). */
  authorizationServerMetadata?:
    | {
        issuer?: string | undefined;
        token_endpoint?: string | undefined;
        registration_endpoint?: string | undefined;
        revocation_endpoint?: string | undefined;
        token_endpoint_auth_methods_supported?: string[] | undefined;
      }
    | undefined;
  /** The URL of the resource's metadata, if a challenge of the server named it (RFC 9728 §5.1). */
  resourceMetadataUrl?: string | undefined;
  /** The MCP server's metadata (RFC 9728). */
  resourceMetadata?: { resource: string } | undefined;
}

/** `T`, or a promise of it. */
type MaybePromise<T> = T | Promise<T>;
