/// <reference lib="esnext.disposable" />

/**
 * Creates a {@link Refresher} for one session. Nothing happens yet: no request, no timer, no storage access. The WebAssembly core
 * loads behind the first call that needs it, and a load that failed is tried again at the next call.
 *
 * Refreshers with the same `token_endpoint`, `client_id` and storage share one refresh at a time: within a page or process always,
 * across tabs and workers where the lock reaches.
 *
 * @throws TypeError for an option that is missing, unknown, of the wrong type or in contradiction to another. The message names the
 *   option and what to write, never a value.
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

/** Whom to ask for tokens, who is asking, and where the tokens live. Only `token_endpoint` or `issuer` is required. */
export interface RefresherOptions {
  /**
   * The URL that grants tokens (RFC 6749 §3.2). Required unless `issuer` is given. https, or http on a loopback host; its own query
   * is kept, a fragment is refused. `{name}` in its path is filled by a parameter that `request.place` puts into the `path`.
   */
  token_endpoint?: string;
  /**
   * The authorization server's issuer identifier, character by character as its metadata names it. Discovery fills in the endpoints that
   * are not given: RFC 8414's place is asked first, then OpenID Connect's. Metadata that names another issuer is not used (RFC 8414
   * §3.3), nor is an endpoint without https; the refresh is then `unavailable`, says why, and the next one asks again. Where
   * `clientAuth` is not given, the metadata says whether a `client_secret` goes as `client_secret_basic` or `client_secret_post`.
   */
  issuer?: string;
  /** Where `signOut({ revoke: true })` revokes the tokens (RFC 7009). */
  revocation_endpoint?: string;

  /** The client identifier (RFC 6749 §2.2). */
  client_id?: string;
  /**
   * The client secret, or a function that is asked for it at each request, and once more after `invalid_client`: a secret that was
   * rotated is sent at once, the same one is not sent again. Never ship one to a browser.
   */
  client_secret?: Value;
  /**
   * How the client authenticates (RFC 6749 §2.3): by exactly one method. Default: `client_secret_basic` if there is a
   * `client_secret`, else `none`, which sends the `client_id` in the body. Signed assertions and mutual TLS are in
   * `oauth-refresher/client-auth`.
   */
  clientAuth?: "none" | "client_secret_basic" | "client_secret_post" | ClientAuth;
  /**
   * How id and secret are written into the Basic header. Default `rfc6749`: each is form-encoded first (RFC 6749 §2.3.1). `raw`:
   * as they are, for the servers that expect that. `percent`: percent-encoded, with `%20` for a space. They differ only for secrets
   * with characters such as `+`, `/`, `=` or `:`.
   */
  basicEncoding?: "rfc6749" | "percent" | "raw";
  /**
   * Sender-constrained tokens (RFC 9449): `dpop()` of `oauth-refresher/dpop`. Every token request carries a proof, and so does every
   * request of `refresher.fetch` with a token of the type DPoP.
   */
  dpop?: DPoP;

  /** The scope to ask for, separated by spaces. Left out unless given: the grant's own scope stays (RFC 6749 §6). */
  scope?: string;
  /** The resources the access token is for (RFC 8707): absolute URIs without a fragment. */
  resource?: string | string[];
  /** The `audience` parameter that some servers know. */
  audience?: string;
  /** Further body parameters. None that has an option of its own: `grant_type` and `refresh_token` cannot be overridden. */
  parameters?: Record<string, Value>;
  /** Further request headers. Not `authorization` together with a client authentication. */
  headers?: Record<string, Value>;
  /** How the request differs from RFC 6749's, as plain data. */
  request?: RequestShape;
  /** How the reply differs from RFC 6749's, as plain data. */
  response?: ResponseShape;

  /** How many seconds before its expiry a token is refreshed. Default 60, never more than a quarter of the token's lifetime. */
  refreshAheadSeconds?: number;
  /**
   * Whether to refresh ahead of need. `auto` (default): in a window while it is visible. `always`: wherever timers run. `never`: only
   * when a token is asked for.
   */
  background?: "auto" | "always" | "never";
  /** Refresh at least every so many seconds even if nobody asks, so that an idle refresh token does not die. Default: never. */
  keepAliveSeconds?: number;

  /** May a refresh token be sent again when the reply to it was lost? Default `"never"`. */
  reuse?: Reuse;
  /** Further error codes of the server that mean what `invalid_grant` means (RFC 6749 §5.2): the session has ended. */
  endsWhen?: string[];

  /** Where the tokens live. Default: `memoryStorage()` of `oauth-refresher/storage`. */
  storage?: TokenStorage;
  /** Used if the storage is empty: a refresh token from the environment, say. Under registered names, or in the server's shape. */
  tokens?: TokenInput;
  /**
   * What keeps two contexts from refreshing at once. `auto` (default): the storage's own lock, else `navigator.locks`, else this
   * realm only. `none`: this realm only.
   */
  lock?: Lock | "auto" | "none";

  /** What sends token requests and `refresher.fetch`. Default: the global `fetch`, looked up at each call. */
  fetch?: typeof fetch;
  /**
   * Sends token requests where data cannot say how: a signature over the request, an exchange in two steps. It is handed each
   * request after `request` shaped it and the client was authenticated, and gives the server's response, which `response` reads.
   * Its second argument is the `fetch` of these options, or the platform's.
   * Revocation, discovery and `refresher.fetch` do not go through it.
   *
   * What it throws is taken for a lost reply, because the server may have had the request; throw an error with `isUnsent: true`
   * where nothing was sent. Give up when `request.signal` aborts.
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
   * How many seconds one token request may take, with the functions that are asked for its values and authentication. Default 30.
   * Shorter than the server's gateway loses replies.
   */
  timeoutSeconds?: number;
  /** How often to try again, only after what provably did not reach the server, or what `reuse` allows. Default 3. */
  retries?: number;
  /**
   * Where `refresher.fetch` may send the access token: exact origins such as `https://api.example` (RFC 6750 §5.3). Any other
   * origin is a TypeError, and behind a redirect to another one the token stays behind.
   */
  origins?: string[];
  /**
   * Whether a resource server's response says that the access token is no longer good. Default: a 401 with the challenges of
   * RFC 6750 §3 and RFC 9449 §7.1, or with none that can be read: across origins a page sees `WWW-Authenticate` only if the server
   * names it in `Access-Control-Expose-Headers`. The body may be read: the caller still gets all of it.
   */
  isTokenRejected?: (response: Response) => boolean | Promise<boolean>;
  /** Keeps a refresh alive beyond the request that began it. Default on Cloudflare Workers: the platform's own. */
  waitUntil?: (work: Promise<unknown>) => void;
}

/** A value, or a function that is asked for it each time: a rotated secret, a signed header, a request id. */
export type Value = string | (() => string | Promise<string>);

/** `T`, or a promise of it. */
export type Awaitable<T> = T | PromiseLike<T>;

/**
 * What the server does with a refresh token that it sees a second time: whether a refresh whose reply was lost may be repeated.
 * Repeating where it is not allowed can end the whole session (RFC 9700 §4.14.2: reuse detection).
 *
 * - `"never"`: one-time use, no grace. Never sent twice; a lost reply is `outcome_unknown`.
 * - `"always"`: the refresh token does not rotate, or old ones stay valid.
 * - `"until-successor-used"`: the old one works until the new one is first used.
 * - `{ graceSeconds }`: the old one works for this many seconds after its first use.
 */
export type Reuse = "never" | "always" | "until-successor-used" | { graceSeconds: number };

/**
 * Adds the client's authentication to a token or revocation request, in place: headers, and further parameters. Parameters that are
 * there already stay as they are. What it throws becomes the text of a `client_rejected` error:
 * nothing is sent, and the tokens are kept. `oauth-refresher/client-auth` has the usual ones.
 *
 * It is asked anew for every attempt. When the server refuses the client (`invalid_client`, `use_attestation_challenge`,
 * `use_fresh_attestation`), it is asked once more, with `refused`, and the request goes out again if it differs from the first. If
 * it throws then, the server's refusal stands.
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
  /** The endpoint that is about to be asked. */
  url: string;
  headers: Headers;
  /** The parameters of the body so far. What is added goes where `request` wants it. */
  parameters: URLSearchParams;
  client_id?: string;
  issuer?: string;
  /** Something, at the second attempt: the server refused the client a moment ago, and `lastReply` is what it said. */
  refused?: object;
  /** What the server replied last: a challenge in its headers is for the next request. */
  lastReply?: {
    status: number;
    /** The error code, if it was an error (RFC 6749 §5.2). */
    error?: string;
    headers: Headers;
  };
}) => void | Promise<void>;

/** A DPoP key (RFC 9449), made by `dpop()` of `oauth-refresher/dpop`. */
export interface DPoP {
  /**
   * A proof for one request of your own: the code exchange of a login, or another HTTP client. Made anew for each request, because
   * servers refuse one that they saw before.
   */
  proof(request: {
    /** The URL that is asked; its query and fragment are left out of the proof. */
    url: string | URL;
    method: string;
    /** From the `DPoP-Nonce` of that server's last response. Default: the newest that the refresher saw. */
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
  privateKey: Parameters<typeof crypto.subtle.sign>[1];
  publicKey: Parameters<typeof crypto.subtle.verify>[1];
}

/**
 * One session. Fires {@link RefresherEvents}: after the change is stored, outside every lock, once per change and context, in the
 * order of `generation`. A listener may call and await any method; a listener that throws affects nobody.
 *
 * Promises reject with {@link RefreshError}, or with the signal's own reason when `signal` aborts.
 */
export interface Refresher extends EventTarget {
  /**
   * The access token, refreshed first if it must be. The common call: while the token is fresh it takes no lock and touches no
   * storage. Any number of callers share one refresh.
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
  /** Like `getAccessToken`, with all that is known about the tokens. */
  getTokens(options?: DemandOptions): Promise<TokenSet>;
  /** Refreshes now, even if the access token is still good. Joins a refresh that is under way. */
  refresh(options?: { signal?: AbortSignal; timeoutSeconds?: number }): Promise<TokenSet>;
  /**
   * `fetch` with the access token attached, to the `origins` only; takes what `fetch` takes and gives the same `Response`. When the
   * token is rejected (`isTokenRejected`), it is refreshed, unless a newer one is here already, and the request is sent once more.
   * A second rejection is the answer, and so is the first one where the refresh failed or the body was a stream, which can be sent
   * only once. Strings, buffers, forms, blobs and Requests are sent again as they are: leave a buffer alone until the answer is there.
   *
   * @throws TypeError for an origin that is not listed; RefreshError where there is no token; what `fetch` throws.
   */
  fetch(input: FetchInput, init?: RequestInit): Promise<Response>;
  /**
   * After a login: takes the token endpoint's reply as it came, stores it as the session and answers what is now known. With a
   * `response` shape the reply is read by it, and registered names are understood as well; one without tokens is `bad_response`.
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
   * Forgets the tokens everywhere; with `revoke`, tells the server too (RFC 7009), also of what a refresh in flight still brings. The
   * session is over at once, whatever the server answers; the promise waits for it, `timeoutSeconds` at most. A server that is busy
   * and names a time (`Retry-After`) within them is asked once more.
   */
  signOut(options?: { revoke?: boolean }): Promise<void>;

  /** The tokens last known, synchronously; never the refresh token. They may have expired. */
  readonly tokens: TokenSet | null;
  /** `unknown` until the storage was first read. */
  readonly state: "unknown" | "active" | "refreshing" | "signed-out" | "session-ended";
  /** What this place can do: which engine decides, whether other contexts are locked out, whether the storage compares before it writes. */
  readonly capabilities: { engine: "wasm" | "js"; crossContextLock: boolean; conditionalSave: boolean };

  /** Stops timers, listeners and channels. Later calls reject with `closed`; the stored session stays. */
  close(): void;
  /** `close()`, for `using refresher = createRefresher(…)`. */
  [Symbol.dispose](): void;

  /** From the first listener on, the refresher hears what other contexts write; on Workers from the first call on. */
  addEventListener<K extends keyof RefresherEvents>(
    type: K,
    listener: (event: RefresherEvents[K]) => void,
    options?: boolean | { once?: boolean; passive?: boolean; capture?: boolean; signal?: AbortSignal },
  ): void;
  addEventListener(...anyEvent: Parameters<EventTarget["addEventListener"]>): void;
  removeEventListener<K extends keyof RefresherEvents>(
    type: K,
    listener: (event: RefresherEvents[K]) => void,
    options?: boolean | { capture?: boolean },
  ): void;
  removeEventListener(...anyEvent: Parameters<EventTarget["removeEventListener"]>): void;
}

/** What `fetch` takes first: a URL or a Request. */
export type FetchInput = Parameters<typeof fetch>[0];

/** How one caller wants the token. */
export interface DemandOptions {
  /** Aborting detaches this caller; the refresh goes on and its result is stored. */
  signal?: AbortSignal;
  /** The token must be good for this many seconds more. Default 10, never more than a quarter of the token's lifetime. */
  minValiditySeconds?: number;
  /** How many seconds the whole wait may take: load, lock, request and save. Then it rejects with `timeout`. */
  timeoutSeconds?: number;
  /** An access token that a resource server refused: it is refreshed unless a newer one is here already. */
  rejected?: string;
}

/** What is known about the tokens. Never the refresh token. */
export interface TokenSet {
  access_token: string;
  /** As registered: `Bearer` (RFC 6750), `DPoP` (RFC 9449). */
  token_type: string;
  /** Unix seconds, by this device's clock. Missing if the server did not say. */
  expires_at?: number;
  /** Separated by spaces. */
  scope?: string;
  id_token?: string;
  /** What else the server said, untouched. */
  [extra: string]: unknown;
}

/** A token endpoint's reply (RFC 6749 §5.1), or a {@link TokenSet}; with or without a refresh token. */
export interface TokenInput {
  access_token?: string;
  refresh_token?: string;
  token_type?: string;
  /** Seconds from now. */
  expires_in?: number | string;
  /** Unix seconds. */
  expires_at?: number;
  scope?: string;
  id_token?: string;
  [extra: string]: unknown;
}

/** The events of a {@link Refresher}. None holds a refresh token; only `token-changed` holds an access token. */
export interface RefresherEvents {
  /** There are other tokens now, or none. `source` says why; `peer`: another tab, worker or process changed them. */
  "token-changed": CustomEvent<{
    tokens: TokenSet | null;
    source: "refresh" | "login" | "peer" | "sign-out" | "session-ended";
    generation: number;
  }>;
  /** A refresh failed, and the session goes on. `retryAt`: when it is tried again, in Unix seconds. */
  "refresh-failed": CustomEvent<{ error: RefreshError; retryAt?: number }>;
  /** A new login is needed. */
  "session-ended": CustomEvent<{ error: RefreshError }>;
  /** The storage or its lock threw, rejected or gave rubbish. Work goes on in memory as far as it can. */
  "storage-failed": CustomEvent<{ error: unknown; operation: "load" | "save" | "lock" }>;
}

/**
 * Where the record of a session lives. See `oauth-refresher/storage` for ready-made ones.
 *
 * @example
 * ```ts
 * import { readFile, writeFile } from "node:fs/promises";
 * import type { TokenStorage } from "oauth-refresher";
 *
 * // for one process: nothing here compares or locks
 * const storage: TokenStorage = {
 *   load: async () => JSON.parse(await readFile("session.json", "utf8").catch(() => "null")),
 *   save: (record) => writeFile("session.json", JSON.stringify(record), { mode: 0o600 }),
 * };
 * ```
 */
export interface TokenStorage {
  /** What is stored, or null. */
  load(): Awaitable<TokenRecord | null | undefined>;
  /**
   * Stores `record`, or forgets with null, in one atomic write. `expected` is the generation this write replaces (null: nothing
   * stored). A storage that can compare answers false, and writes nothing, when it holds another generation.
   */
  save(record: TokenRecord | null, expected: number | null): Awaitable<void | boolean>;
  /** Runs `work` while no other context runs its own; rejects with the signal's reason if it aborts while waiting. */
  lock?<T>(work: () => Promise<T>, options: { signal: AbortSignal }): Promise<T>;
  /**
   * Calls `changed` when another context wrote, or may have written while nothing could be heard: a hint to read again, nothing more.
   * Keeps no process alive. Returns what ends it.
   */
  subscribe?(changed: () => void): () => void;
  /**
   * What the storage is, without secrets: two storages of one name hold the same session. Refreshers of one realm share their
   * refreshes by it, and it goes into the name of the lock across contexts.
   */
  readonly name?: string | undefined;
  /** Whether `save` compares `expected` with what is stored, in one step with the write. */
  readonly conditionalSave?: boolean | undefined;
}

/** Runs `work` alone, across whatever contexts it reaches. */
export type Lock = NonNullable<TokenStorage["lock"]>;

/** What is stored: plain JSON. Owned by the core; a storage keeps it whole and looks at nothing but `generation`. */
export interface TokenRecord {
  format: 1;
  /** Grows by one with every write. */
  generation: number;
  /** With the refresh token. */
  tokens: TokenInput;
  /** When the request for the tokens was sent, in Unix seconds by this device's clock. */
  obtained_at: number;
  /** Written before a refresh token is sent: whoever finds it knows that the token may be spent. */
  pending?: {
    /** Which attempt it is; no secret. */
    attempt: string;
    /** Unix seconds. */
    started_at: number;
    /** Of the refresh token that was sent: tells it from another, and nothing more. */
    fingerprint: string;
    /** When the token was sent once more to learn the outcome, in Unix seconds. */
    probed_at?: number;
  };
  /** Unix seconds: do not ask the server before. */
  retry_at?: number;
  /** Names the login that the tokens descend from; no secret. */
  session?: string;
  /** The thumbprint of the DPoP key that the tokens are bound to (RFC 9449 §6.1); no secret. Written by `oauth-refresher/dpop`. */
  dpop_jkt?: string;
}

/**
 * Why there is no token. Tell errors apart by `code`: two copies of this package have two classes.
 *
 * Nothing in it is secret: `String(error)`, `JSON.stringify(error)` and `console.log(error)` hold no token, secret or proof.
 */
export class RefreshError extends Error {
  constructor(fields: RefreshErrorFields);
  readonly code: RefreshErrorCode;
  /** The server's OAuth error code (RFC 6749 §5.2), as it came. */
  readonly error?: string;
  /** The server's own words: printable ASCII, 200 characters at most. */
  readonly error_description?: string;
  /** The HTTP status of the reply. */
  readonly status?: number;
  /** Asking again later can help. */
  readonly retryable: boolean;
  /** After so many seconds, says the server (RFC 9110 §10.2.3). */
  readonly retryAfterSeconds?: number;
  /** A new login is needed. */
  readonly sessionEnded: boolean;
  /** Whether the server has used up the refresh token, as far as can be known. */
  readonly refreshTokenState: "unspent" | "spent" | "unknown";
  /** Safe to log. */
  toJSON(): object;
}

/** What a {@link RefreshError} is made of; for tests and service mocks. */
export interface RefreshErrorFields {
  code: RefreshErrorCode;
  error?: string | undefined;
  error_description?: string | undefined;
  status?: number | undefined;
  retryable?: boolean | undefined;
  retryAfterSeconds?: number | undefined;
  sessionEnded?: boolean | undefined;
  refreshTokenState?: "unspent" | "spent" | "unknown" | undefined;
}

/**
 * - `session_ended`: the server refused the refresh token, and no newer one is stored; or the DPoP key that a public client's tokens
 *   are bound to is gone. Log in again.
 * - `signed_out`: there is no session, or it was ended by `signOut` while waiting.
 * - `client_rejected`: `invalid_client`, `invalid_scope`, `unsupported_grant_type` …: configuration. Tokens kept.
 * - `unavailable`: unreachable, timed out, 408, 429, 5xx. Tokens kept.
 * - `outcome_unknown`: the server may have spent the refresh token, and `reuse` forbids sending it again.
 * - `bad_response`: not a token response. Tokens kept.
 * - `identity_mismatch`: the id_token that came with a refresh is not of the session's person: another `iss`, `sub`, `aud`, `auth_time`,
 *   `nonce` or `azp` than in the stored one (OpenID Connect Core §12.2), not issued to `client_id`, over already, or unreadable.
 *   Nothing of the reply is stored, the tokens in it are revoked where a revocation endpoint is known, and the session ends: log in.
 *   Signatures are not checked, as §3.1.3.7 allows for a token that comes straight from the token endpoint over TLS.
 * - `storage_failed`, `lock_timeout`: the storage or its lock. See the `storage-failed` event.
 * - `timeout`: `timeoutSeconds` of this call passed; a refresh under way goes on.
 * - `closed`: the refresher was closed.
 * - `engine_failed`: the WebAssembly core could not be loaded, or stopped. The next call tries again.
 */
export type RefreshErrorCode =
  | "session_ended"
  | "signed_out"
  | "client_rejected"
  | "unavailable"
  | "outcome_unknown"
  | "bad_response"
  | "identity_mismatch"
  | "storage_failed"
  | "lock_timeout"
  | "timeout"
  | "closed"
  | "engine_failed";

/**
 * A refresh request other than RFC 6749 §6's, as plain data (JSON-able).
 *
 * @example
 * ```ts
 * import type { RequestShape } from "oauth-refresher";
 *
 * // PUT { "refreshToken": "…", "appId": "…" }
 * const request: RequestShape = {
 *   method: "PUT",
 *   body: "json",
 *   names: { refresh_token: "refreshToken", client_id: "appId", grant_type: null },
 * };
 * ```
 */
export interface RequestShape {
  /** Default POST. */
  method?: "POST" | "GET" | "PATCH" | "PUT";
  /**
   * How parameters in the body are written. Default `form`, for a GET `query`: they go into the URL instead, and so does a
   * `client_secret` that is one of them. `string`: the refresh token alone, as a JSON string.
   */
  body?: "form" | "json" | "string" | "query" | "none";
  /** Renames a registered parameter, or leaves it out with null. */
  names?: Record<string, string | null>;
  /** Where a parameter goes, by its registered name. `path` fills `{name}` in the endpoint. Default: the body. */
  place?: Record<string, "body" | "query" | "header" | "path">;
  /** The value of `grant_type`. Default `refresh_token`. */
  grant_type?: string;
  /** What is the user name and what the password in `client_secret_basic`. Default: client_id and client_secret. */
  basic?: { username?: "client_id" | "client_secret"; password?: "client_id" | "client_secret" | "" };
  /** What separates scopes. Default: a space. */
  scopeSeparator?: string;
  /**
   * Further parameters that are made anew for each request, each from a text with slots in braces: `{uuid}`, `{unix_seconds}`,
   * `{unix_milliseconds}`, and members of the stored tokens: `{access_token}`, `{instance_url}`, `{user.id}`. `names` and `place` apply:
   * `{ templates: { authorization: "Bearer {access_token}" }, place: { authorization: "header" } }`. Where nothing fills a slot,
   * nothing is sent.
   */
  templates?: Record<string, string>;
  /**
   * What `parameters` and `headers` that the user fills in must look like; otherwise a TypeError. What is `json` goes into a JSON
   * body as it is: a number, true, a list.
   */
  check?: Record<string, "int32" | "uuid" | "url" | "json">;
}

/**
 * A token response other than RFC 6749 §5's, as plain data (JSON-able).
 *
 * @example
 * ```ts
 * import type { ResponseShape } from "oauth-refresher";
 *
 * // 200 { "ok": true, "data": { "accessToken": "…", "expiresAt": 1700000000000 } }
 * const response: ResponseShape = {
 *   root: "data",
 *   names: { access_token: "accessToken" },
 *   expiry: { in: "unix_milliseconds", name: "expiresAt" },
 *   token_type: "Bearer",
 *   errorWhen: [{ path: "ok", isNot: true }],
 * };
 * ```
 */
export interface ResponseShape {
  /** Default `auto`: JSON if it looks like it, whatever the content type says. `string`: the access token alone, as JSON or bare. */
  format?: "json" | "form" | "string" | "auto";
  /** The object that holds the members: `"data"`, `"result.token"`. Without tokens in it: the reply itself. */
  root?: string;
  /**
   * The server's names, by registered name. Dotted paths are allowed, with indexes: `"tokens.0.value"`. Where there is no refresh
   * token and the access token renews itself: `{ refresh_token: "access_token" }`.
   */
  names?: Record<string, string>;
  /** How the server says when the access token expires. Default: `expires_in`, in seconds. */
  expiry?: {
    in: "seconds" | "milliseconds" | "unix_seconds" | "unix_milliseconds" | "iso8601";
    /** The member's name. */
    name?: string;
    /** Assumed when the server does not say, or says nothing that can be a lifetime: 0, more than ten years. */
    defaultSeconds?: number;
  };
  /** Assumed when the server leaves `token_type` out, against RFC 6749 §5.1. */
  token_type?: string;
  /** What the server's own token types mean: `{ bot: "Bearer" }`. A token of any other unknown type is not taken (RFC 6749 §7.1). */
  tokenTypes?: Record<string, string>;
  /** What separates scopes. Default: a space. A list needs no word here. */
  scopeSeparator?: string;
  /**
   * What makes a reply an error whatever its status, and what that error means; without `means`, its code says. Where every one
   * has a meaning, an error code is still an error; else only these are.
   */
  errorWhen?: Array<ReplySign & { means?: RefreshErrorCode }>;
  /** What makes a success without tokens an extension of those that are here: for `expiry.defaultSeconds`, or as the reply says. */
  extendedWhen?: ReplySign[];
  /** Where the error code is. Default `error`. */
  error?: string;
  /** Where the error's text is. Default `error_description`. */
  error_description?: string;
  /**
   * What the server's own error codes mean. `unavailable` and `client_rejected` also say that such a refusal does not use the refresh
   * token up; anything but these and `session_ended` is `bad_response`.
   */
  errors?: Record<string, RefreshErrorCode>;
  /** The statuses of success. Default 200. */
  successStatus?: number[];
}

/**
 * A sign in a reply: the member at `path` (`"ok"`, `"errors.0.errorType"`) is there and is, or is not, this value. With neither, it is
 * there and not null. A number or a boolean may also come as text.
 */
export interface ReplySign {
  path: string;
  is?: unknown;
  isNot?: unknown;
}
