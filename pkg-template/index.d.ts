import type { RefreshError } from "./types/errors.js";
import type { RequestShape, ResponseShape } from "./types/shapes.js";
import type { Lock, TokenStorage } from "./types/storage.js";

export * from "./types/errors.js";
export * from "./types/shapes.js";
export * from "./types/storage.js";

// The declarations of `lib: ["esnext.disposable"]`, for TypeScript before 5.2 and for projects without that lib.
declare global {
  interface SymbolConstructor {
    /** The method that `using` calls. */
    readonly dispose: unique symbol;
  }
  interface Disposable {
    /** Releases what the object holds. */
    [Symbol.dispose](): void;
  }
}

/**
 * Creates a {@link Refresher} for one session. With background refresh (option `background`; by default in a visible page), it then reads
 * the storage. Otherwise there is no request, timer or storage access before the first call or listener. The WebAssembly core loads with
 * the first call that needs it; a failed load is retried by the next call.
 *
 * Refreshers with the same `token_endpoint`, `client_id` and storage share one refresh (single-flight): always within a page or process,
 * and across tabs and workers if there is a lock for that.
 *
 * @throws TypeError for an option that is missing, unknown, of the wrong type or in conflict with another. The message names the option,
 *   what to write and what was given, except for secrets.
 *
 * @example
 * ```ts
 * import { createRefresher } from "oauth-refresher";
 * import { indexedDbStorage } from "oauth-refresher/storage";
 *
 * const refresher = createRefresher({
 *   token_endpoint: "https://auth.example/token",
 *   client_id: "my-app",
 *   storage: indexedDbStorage("session"),
 *   origins: ["https://api.example"],
 * });
 * refresher.addEventListener("session-ended", () => location.assign("/login"));
 * const reply = await refresher.fetch("https://api.example/v1/me");
 * ```
 */
export function createRefresher(options: RefresherOptions): Refresher;

/** The server, the client and the storage. Only `token_endpoint` or `issuer` is required. */
export interface RefresherOptions {
  /**
   * The URL for token requests (RFC 6749 §3.2). Required unless `issuer` is given. https, or http on a loopback host. A query is kept, a
   * fragment is refused. `{name}` in the path is filled by a parameter whose `request.place` is `path`.
   */
  token_endpoint?: string;
  /**
   * The authorization server's issuer identifier, exactly as in its metadata. Discovery supplies the endpoints that are not given, at the
   * URL of RFC 8414, then at OpenID Connect's. If the metadata names another issuer (RFC 8414 §3.3), the refresh fails with
   * `client_rejected`, which names both. If it is not found, does not arrive within a third of `timeoutSeconds` from either URL, or has no
   * https endpoint, the refresh fails with `unavailable` and the reason, and the next one tries again. Without `clientAuth`, the metadata
   * decides between `client_secret_basic` and `client_secret_post`.
   */
  issuer?: string;
  /** The URL for `signOut({ revoke: true })` (RFC 7009). Without it, and without an `issuer` whose metadata has one, that call rejects. */
  revocation_endpoint?: string;

  /** The client identifier (RFC 6749 §2.2). */
  client_id?: string;
  /**
   * The client secret, or a function that returns it. It is called for each request, and once more after `invalid_client`: a changed secret
   * is sent at once, the same one is not sent again. Never ship a secret to a browser.
   */
  client_secret?: Value;
  /**
   * The client authentication (RFC 6749 §2.3). Default: `client_secret_basic` if there is a `client_secret`, else `none`, which sends the
   * `client_id` in the body. `oauth-refresher/client-auth` has signed assertions and mutual TLS.
   */
  clientAuth?: "none" | "client_secret_basic" | "client_secret_post" | ClientAuth;
  /**
   * The encoding of id and secret in the Basic header. `rfc6749` (default): form-encoded (RFC 6749 §2.3.1). `raw`: unchanged, for servers
   * that expect it. `percent`: percent-encoded, with `%20` for a space. They differ only for characters such as `+`, `/`, `=` or `:`.
   */
  basicEncoding?: "rfc6749" | "percent" | "raw";
  /**
   * Sender-constrained tokens (RFC 9449): `dpop()` of `oauth-refresher/dpop`. Every token request carries a proof, and so does every
   * request of `refresher.fetch` with a token of the type DPoP.
   */
  dpop?: DPoP;

  /** The scope to request, separated by spaces. Default: not sent, which keeps the grant's scope (RFC 6749 §6). */
  scope?: string;
  /** The resources the access token is for (RFC 8707): absolute URIs without a fragment. */
  resource?: string | string[];
  /** The `audience` parameter of some servers. */
  audience?: string;
  /** Further body parameters. Parameters that have their own option are refused, as are `grant_type` and `refresh_token`. */
  parameters?: Record<string, Value>;
  /** Further request headers. `authorization` is refused together with a client authentication. */
  headers?: Record<string, Value>;
  /** Differences of the request from RFC 6749, as plain data. */
  request?: RequestShape;
  /**
   * Differences of the reply from RFC 6749, as plain data. A reply of more than 1 MiB, more than 1000 members, or more than 10,000 values at
   * any depth is `bad_response`.
   */
  response?: ResponseShape;

  /** Seconds before the expiry at which a token is refreshed in the background. Default 60, at most a quarter of the token's lifetime. */
  refreshAheadSeconds?: number;
  /**
   * When to refresh without a call. `auto` (default): in a page while it is visible. `always`: wherever timers run. `never`: only when a
   * token is requested.
   */
  background?: "auto" | "always" | "never";
  /**
   * Longest time in seconds between two refreshes, also without a call, so that an idle refresh token does not expire. Default: no limit.
   * Milliseconds are not recognised: a day is 86,400.
   */
  keepAliveSeconds?: number;

  /** Whether a refresh token may be sent again after its reply was lost. Default `"never"`. */
  reuse?: Reuse;
  /** Further error codes that end the session, as `invalid_grant` does (RFC 6749 §5.2). */
  endsWhen?: string[];

  /** Where the tokens are stored. Default: `memoryStorage()` of `oauth-refresher/storage`. */
  storage?: TokenStorage;
  /** Used if the storage is empty, for example a refresh token from the environment. With registered names, or read by `response`. */
  tokens?: TokenInput;
  /**
   * The lock that prevents concurrent refreshes. `auto` (default): the storage's own lock, else `navigator.locks`, else only within this
   * realm. `none`: only within this realm.
   */
  lock?: Lock | "auto" | "none";

  /** Sends token requests and the requests of `refresher.fetch`. Default: the global `fetch`, looked up at each call. */
  fetch?: typeof fetch;
  /**
   * Sends token requests that plain data cannot describe: a signature over the request, an exchange in two steps. It receives each request
   * after `request` shaped it and the client was authenticated, and returns the response, which is read by `response`. Its second argument
   * is the option `fetch`, or the platform's. Revocation, discovery and `refresher.fetch` do not use it.
   *
   * An error that it throws counts as a lost reply, because the server may have received the request. If nothing was sent, throw an error
   * with `isUnsent: true`. Stop when `request.signal` aborts.
   *
   * @example
   * ```ts
   * import { createRefresher } from "oauth-refresher";
   *
   * declare function hmac(text: string): Promise<string>;
   *
   * const refresher = createRefresher({
   *   token_endpoint: "https://auth.example/token",
   *   client_id: "my-app",
   *   async transport(request, fetch) {
   *     request.headers.set("x-signature", await hmac(await request.clone().text()));
   *     return fetch(request);
   *   },
   * });
   * ```
   */
  transport?: (request: Request, fetch: typeof globalThis.fetch) => Awaitable<Response>;
  /**
   * Time limit of one token request in seconds, including the functions for its values and authentication. Default 30, at most 3600. A
   * limit below the timeout of the server's gateway loses replies.
   */
  timeoutSeconds?: number;
  /** Number of retries, only of requests that provably did not reach the server or that `reuse` allows. Default 3. */
  retries?: number;
  /**
   * The origins to which `refresher.fetch` may send the access token, such as `https://api.example` (RFC 6750 §5.3). A call to any other
   * origin is a TypeError. A redirect to another origin is followed without the token.
   */
  origins?: string[];
  /**
   * Whether a resource server's response refuses the access token. Default: a 401 with such a challenge (RFC 6750 §3, RFC 9449 §7.1) or
   * without a readable one. A page sees `WWW-Authenticate` of another origin only if that lists it in `Access-Control-Expose-Headers`.
   * The function may read the body: the caller still gets all of it.
   */
  isTokenRejected?: (response: Response) => boolean | Promise<boolean>;
  /**
   * Allows plain http for `token_endpoint`, `issuer`, `revocation_endpoint` and `origins` beyond loopback, for a container network such as
   * `http://keycloak:8080`. Tokens then cross the network in clear. Default false.
   */
  allowInsecureRequests?: boolean;
  /**
   * Which claims of a refreshed id_token must match the stored one (OpenID Connect Core §12.2). `subject` (default): `iss` (with or without
   * `https://`), `sub`, and an `aud` that includes the stored one or `client_id`. `strict`: also the same set in `aud`, and `auth_time`,
   * `nonce` and `azp` if both have them; it must be issued to `client_id`, have an `iat` and not be expired. `off`: none. A mismatch ends
   * the session: `identity_mismatch`.
   */
  identityCheck?: "subject" | "strict" | "off";
  /**
   * What `refresher.fetch` does if the server refused the access token and the refresh failed without ending the session: false (default)
   * rejects with the `RefreshError`, true returns the server's 401. If a login is needed, it always returns the 401.
   */
  keepRejectedResponse?: boolean;
  /**
   * Called after each step of the state machine, with its event and effects, without secrets. `oauth-refresher/trace` has two: one prints,
   * one keeps the last hundred steps. It must be fast and must not throw.
   */
  trace?: (step: TraceStep) => void;
  /** Lets a refresh outlive the request that started it. Default on Cloudflare Workers: the platform's own. */
  waitUntil?: (work: Promise<unknown>) => void;
}

/** One step of the state machine. `String(step)` is one line of JSON. */
export interface TraceStep {
  /** Unix seconds. */
  at: number;
  /** What happened: `demanded`, `loaded`, `locked`, `replied`, `unreachable` … */
  event: string;
  /** The resulting effects, in order: `load`, `lock`, `save`, `send`, `grant`, `notify` …, with their number. */
  effects: string[];
  /** The current phase: `idle`, `look`, `lock`, `re-read`, `mark`, `send`, `save` … */
  phase: string;
  /** Generation of the current tokens. */
  generation?: number;
  /** Number of the caller, or of the effect that the event completes. */
  caller?: number;
  /** One line: the time, the event and its effects. */
  toString(): string;
}

/** A value, or a function that returns it for each request: a rotated secret, a signed header, a request id. */
export type Value = string | (() => string | Promise<string>);

/** `T`, or a promise of it. */
export type Awaitable<T> = T | PromiseLike<T>;

/**
 * What the server does with a refresh token that it receives twice. This decides whether a refresh is repeated after a lost reply. A
 * repetition that the server does not allow can end the session (reuse detection, RFC 9700 §4.14.2).
 *
 * - `"never"`: one-time use, no grace period. A lost reply is `outcome_unknown`, without a retry. A later call without a valid access token
 *   sends the refresh token once more, because the alternative is a login.
 * - `"always"`: the refresh token does not rotate, or old ones stay valid.
 * - `"until-successor-used"`: the old one works until the new one is first used.
 * - `{ graceSeconds }`: the old one works for this many seconds after its first use.
 *   Milliseconds are not recognised, since some servers have grace periods of hours: 30 seconds are 30.
 */
export type Reuse = "never" | "always" | "until-successor-used" | { graceSeconds: number };

/**
 * Adds client authentication to a token or revocation request, in place: headers and further parameters. Existing parameters are not
 * changed. If it throws, nothing is sent, the tokens are kept, and the error is `client_rejected` with its text.
 * `oauth-refresher/client-auth` has the common methods.
 *
 * It is called for every attempt. If the server refuses the client (`invalid_client`, `use_attestation_challenge`,
 * `use_fresh_attestation`), it is called once more with `refused`, and the request is sent again if it differs from the first. If it throws
 * then, the server's refusal stands.
 *
 * @example
 * ```ts
 * import type { ClientAuth } from "oauth-refresher";
 *
 * declare function attestation(): Promise<string>;
 * declare function possession(aud: string | undefined, challenge: string | undefined): Promise<string>;
 *
 * let challenge: string | undefined;
 * const attested: ClientAuth = async ({ headers, issuer, lastReply }) => {
 *   challenge = lastReply?.headers.get("OAuth-Client-Attestation-Challenge") ?? challenge;
 *   headers.set("OAuth-Client-Attestation", await attestation());
 *   headers.set("OAuth-Client-Attestation-PoP", await possession(issuer, challenge));
 * };
 * ```
 */
export type ClientAuth = (request: {
  /** The endpoint of the request. */
  url: string;
  headers: Headers;
  /** The parameters of the body so far. Added ones are placed by `request`. */
  parameters: URLSearchParams;
  client_id?: string;
  issuer?: string;
  /** Set at the second attempt: the server has just refused the client, and `lastReply` is its reply. */
  refused?: object;
  /** The server's last reply: a challenge in its headers is for the next request. */
  lastReply?: {
    status: number;
    /** The error code, if it was an error (RFC 6749 §5.2). */
    error?: string;
    headers: Headers;
  };
}) => void | Promise<void>;

/** A DPoP key (RFC 9449), created by `dpop()` of `oauth-refresher/dpop`. */
export interface DPoP {
  /**
   * A proof for one request of your own: the code exchange of a login, or another HTTP client. Create one per request, because servers
   * refuse a used one.
   */
  proof(request: {
    /** The URL of the request. Query and fragment are not part of the proof. */
    url: string | URL;
    method: string;
    /** The `DPoP-Nonce` of the server's last response. Default: the newest that the refresher received. */
    nonce?: string | undefined;
    /** For a resource server: the token in `Authorization: DPoP …`. Token requests have none. */
    access_token?: string | undefined;
  }): Promise<string>;
  /** The key's thumbprint (RFC 7638): the `dpop_jkt` of an authorization request (RFC 9449 §10). */
  thumbprint(): Promise<string>;
  /** The key itself, for a login library that makes its own proofs. */
  keyPair(): Promise<DPoPKeyPair>;
}

/** WebCrypto's CryptoKeyPair, under a name that does not depend on the platform's types. */
export interface DPoPKeyPair {
  /** Signs proofs; it may be non-extractable. */
  privateKey: Parameters<typeof crypto.subtle.sign>[1];
  /** Goes into each proof; it must be extractable. */
  publicKey: Parameters<typeof crypto.subtle.verify>[1];
}

/**
 * One session. Fires {@link RefresherEvents} after a change is stored, outside all locks, once per change and context, in the order of
 * `generation`. A listener may call and await any method. A listener that throws does not affect other listeners or callers.
 * Methods work without `this`: `const { getAccessToken } = refresher`.
 *
 * Promises reject with {@link RefreshError}, or with the signal's reason when `signal` aborts.
 */
export interface Refresher extends EventTarget {
  /**
   * Returns the access token, refreshed first if needed. While the token is valid, this takes no lock and reads no storage. Any number of
   * callers share one refresh.
   *
   * @example
   * ```ts
   * import { createRefresher, RefreshError } from "oauth-refresher";
   *
   * const refresher = createRefresher({
   *   token_endpoint: "https://auth.example/token",
   *   client_id: "my-app",
   *   tokens: { refresh_token: "…" },
   * });
   * try {
   *   const access_token = await refresher.getAccessToken({ timeoutSeconds: 10 });
   *   console.log(access_token.length);
   * } catch (error) {
   *   if (!(error instanceof RefreshError)) throw error;
   *   console.warn(error.code, error.retryable ? "try again later" : "log in again");
   * }
   * ```
   */
  getAccessToken(options?: DemandOptions): Promise<string>;
  /** Like `getAccessToken`, but returns all that is known about the tokens. */
  getTokens(options?: DemandOptions): Promise<TokenSet>;
  /** Refreshes now, even if the access token is still valid. Joins an in-flight refresh. */
  refresh(options?: { signal?: AbortSignal; timeoutSeconds?: number }): Promise<TokenSet>;
  /**
   * `fetch` with the access token, for the `origins` only. Takes the arguments of `fetch` and returns its `Response`.
   *
   * If the response refuses the token (`isTokenRejected`), the token is refreshed, unless a newer one exists already, and the request is
   * sent once more. The result is then the second response. The result is the refusal itself if a login is needed, if another user logged in
   * meanwhile, or if the body was a stream, which can be sent only once. If the refresh failed without ending the session, the call rejects
   * with that error, unless `keepRejectedResponse` is set. Strings, buffers, forms, blobs and Requests are sent again: do not change a buffer
   * before the call has settled.
   *
   * @throws TypeError for an origin that is not listed; RefreshError if there is no token; errors of `fetch`.
   */
  fetch(input: FetchInput, init?: RequestInit): Promise<Response>;
  /**
   * Reads the storage if it was not read yet, and sends nothing. Null means that there is no session. The tokens may have expired.
   *
   * @throws RefreshError `storage_failed` if the storage cannot be read; the signal's reason when `signal` aborts.
   *
   * @example
   * ```ts
   * import { createRefresher } from "oauth-refresher";
   *
   * const refresher = createRefresher({ token_endpoint: "https://auth.example/token", client_id: "my-app" });
   * const signedIn = (await refresher.load()) !== null;
   * ```
   */
  load(options?: { signal?: AbortSignal }): Promise<TokenSet | null>;
  /**
   * After a login: stores the token endpoint's unchanged reply as the session, and returns its tokens. With the option `response`, the
   * reply is read by it, and registered names work too. A reply without tokens is `bad_response`.
   *
   * Rejects with `storage_failed` if the login cannot be stored. It is then kept in memory, and the write is retried.
   *
   * @example
   * ```ts
   * import { createRefresher } from "oauth-refresher";
   *
   * const token_endpoint = "https://auth.example/token";
   * const refresher = createRefresher({ token_endpoint, client_id: "my-app" });
   * const body = new URLSearchParams({ grant_type: "authorization_code", code: "…", client_id: "my-app" });
   * const reply = await fetch(token_endpoint, { method: "POST", body });
   * if (reply.ok) await refresher.setTokens(await reply.json());
   * ```
   */
  setTokens(tokens: TokenInput): Promise<TokenSet>;
  /**
   * Deletes the tokens in all contexts. The session is over at once, whatever the server answers.
   *
   * With `revoke`, also revokes them at the server (RFC 7009): the refresh token, or without one the access token, and the tokens of an
   * in-flight refresh. The promise waits for the server, at most `timeoutSeconds`. A busy server is asked once more if its `Retry-After` is
   * within that time. Without a known endpoint (option `revocation_endpoint`, or metadata of `issuer`), it rejects with a `TypeError` after
   * the tokens are deleted.
   */
  signOut(options?: { revoke?: boolean }): Promise<void>;

  /** The last known tokens, without the refresh token. They may have expired. */
  readonly tokens: TokenSet | null;
  /** `unknown` before the first read of the storage. */
  readonly state: "unknown" | "active" | "refreshing" | "signed-out" | "session-ended";
  /** The engine of the core, whether there is a lock across contexts, and whether the storage compares before it writes. */
  readonly capabilities: { engine: "wasm" | "js"; crossContextLock: boolean; conditionalSave: boolean };

  /** Stops timers, listeners and channels. Later calls reject with `closed`. The stored session stays. */
  close(): void;
  /** `close()`, for `using refresher = createRefresher(…)`. */
  [Symbol.dispose](): void;

  /** With the first listener, the refresher starts to receive changes of other contexts; on Workers with the first call. */
  addEventListener<K extends keyof RefresherEvents>(
    type: K,
    listener: (event: RefresherEvents[K]) => void,
    options?: boolean | { once?: boolean; passive?: boolean; capture?: boolean; signal?: AbortSignal },
  ): void;
  addEventListener(type: keyof RefresherEvents, ...listener: Listening): void;
  removeEventListener<K extends keyof RefresherEvents>(
    type: K,
    listener: (event: RefresherEvents[K]) => void,
    options?: boolean | { capture?: boolean },
  ): void;
  removeEventListener(type: keyof RefresherEvents, ...listener: Listening): void;
}

/** The arguments of `EventTarget` methods after the name of the event. */
type Listening = Parameters<EventTarget["addEventListener"]> extends [any, ...infer Rest] ? Rest : never;

/** The first argument of `fetch`: a URL or a Request. */
export type FetchInput = Parameters<typeof fetch>[0];

/** The options of one call. An unknown name or a wrong value rejects with a `TypeError` that says what to write. */
export interface DemandOptions {
  /** An abort rejects only this call. The refresh goes on, and its result is stored. */
  signal?: AbortSignal;
  /** Seconds for which the token must still be valid. Default 10, at most a quarter of the token's lifetime. */
  minValiditySeconds?: number;
  /**
   * Time limit of the whole call in seconds: load, lock, request and save. Then it rejects with `timeout`. Default: twice the option
   * `timeoutSeconds`, plus 10. At most 3600.
   */
  timeoutSeconds?: number;
  /** An access token that a resource server refused: refreshes, unless a newer one exists already. */
  rejected?: string;
}

/** What is known about the tokens, without the refresh token. Frozen: all callers share one object. */
export interface TokenSet {
  /** The access token. */
  access_token: string;
  /** `Bearer` (RFC 6750) or `DPoP` (RFC 9449). */
  token_type: string;
  /** Unix seconds, by this device's clock. Missing if the server gave no lifetime. */
  expires_at?: number;
  /** Separated by spaces. */
  scope?: string;
  /** Unchanged (OpenID Connect Core §3.1.3.3). */
  id_token?: string;
  /** Further members of the reply, unchanged. */
  [extra: string]: unknown;
}

/** A token endpoint's reply (RFC 6749 §5.1) or a {@link TokenSet}, with or without a refresh token. */
export interface TokenInput {
  /** Without it, the first call refreshes. */
  access_token?: string;
  /** Without it, the session lasts as long as the access token. */
  refresh_token?: string;
  /** Default `Bearer`. */
  token_type?: string;
  /** Seconds from now. */
  expires_in?: number | string;
  /**
   * Unix seconds. Milliseconds, a `Date` and ISO text with a time of day are converted to seconds. 0, null and undefined mean that the expiry
   * is unknown. Anything else is a TypeError.
   */
  expires_at?: number;
  /** Separated by spaces. */
  scope?: string;
  /** Stored, and compared with the id_tokens of later refreshes (`identityCheck`). */
  id_token?: string;
  /** Refuses a `Response`: write `await response.json()`. */
  json?: never;
  [extra: string]: unknown;
}

/** The events of a {@link Refresher}. None holds a refresh token; only `token-changed` holds an access token. */
export interface RefresherEvents {
  /** The tokens changed; null: there are none now. `source` is the reason; `peer`: another tab, worker or process changed them. */
  "token-changed": CustomEvent<{
    tokens: TokenSet | null;
    source: "refresh" | "login" | "peer" | "sign-out" | "session-ended";
    generation: number;
  }>;
  /** A refresh failed, and the session stays. `retryAt`: the time of the next attempt, in Unix seconds. */
  "refresh-failed": CustomEvent<{ error: RefreshError; retryAt?: number }>;
  /** A new login is needed. */
  "session-ended": CustomEvent<{ error: RefreshError }>;
  /** `refresher.state` changed, also by the first read of the storage. */
  "state-changed": CustomEvent<{ state: Refresher["state"]; previous: Refresher["state"] }>;
  /** The storage or its lock threw, rejected, or returned an invalid value. The session continues in memory as far as possible. */
  "storage-failed": CustomEvent<{ error: unknown; operation: "load" | "save" | "lock" }>;
}
