import type { RefreshError } from "./types/errors.js";
import type { RequestShape, ResponseShape } from "./types/shapes.js";
import type { Lock, TokenStorage } from "./types/storage.js";

export * from "./types/errors.js";
export * from "./types/shapes.js";
export * from "./types/storage.js";

// What `lib: ["esnext.disposable"]` declares, for TypeScript before 5.2 and for projects without that lib.
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
 * Creates a {@link Refresher} for one session. Nothing happens yet: no request, no timer, no storage access. The WebAssembly core
 * loads behind the first call that needs it, and a load that failed is tried again at the next call.
 *
 * Refreshers with the same `token_endpoint`, `client_id` and storage share one refresh at a time: within a page or process always,
 * across tabs and workers where the lock reaches.
 *
 * @throws TypeError for an option that is missing, unknown, of the wrong type or in contradiction to another. The message names the
 *   option, what to write, and what was given: its type, and a number, a word or a URL that can be no secret.
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
   * §3.3): the refresh is `client_rejected` and names both. Metadata that is not found, or has no endpoint with https, makes it
   * `unavailable`, with the reason, and the next one asks again. Where
   * `clientAuth` is not given, the metadata says whether a `client_secret` goes as `client_secret_basic` or `client_secret_post`.
   */
  issuer?: string;
  /** Where `signOut({ revoke: true })` revokes the tokens (RFC 7009). Without it, and without an `issuer` whose metadata name one, that call rejects. */
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
  /**
   * How the reply differs from RFC 6749's, as plain data. A reply of more than 1 MiB, of more than 1000 members, or of more than 10,000
   * values at any depth is `bad_response`, which says so.
   */
  response?: ResponseShape;

  /** How many seconds before its expiry a token is refreshed. Default 60, never more than a quarter of the token's lifetime. */
  refreshAheadSeconds?: number;
  /**
   * Whether to refresh ahead of need. `auto` (default): in a window while it is visible. `always`: wherever timers run. `never`: only
   * when a token is asked for.
   */
  background?: "auto" | "always" | "never";
  /** Refresh at least every so many seconds, even without a caller, so that an idle refresh token does not expire. Default: never. */
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
   * How many seconds one token request may take, with the functions that are asked for its values and authentication. Default 30,
   * 3600 at most. Shorter than the server's gateway loses replies.
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
  /**
   * Allows plain http for `token_endpoint`, `issuer`, `revocation_endpoint` and `origins` beyond loopback: a container network such as
   * `http://keycloak:8080`. Tokens then cross the network in clear. Default false.
   */
  allowInsecureRequests?: boolean;
  /**
   * How much of an id_token that comes with a refresh must be as in the stored one (OpenID Connect Core §12.2). `subject` (default):
   * `iss` (with `https://` or without), `sub`, and an `aud` that includes the stored one or `client_id`. `strict`: the same set in `aud`;
   * `auth_time`, `nonce` and `azp` too where both have them; and it must be issued to `client_id`, have an `iat` and not be over.
   * `off`: nothing. If it is not, the session ends: `identity_mismatch`.
   */
  identityCheck?: "subject" | "strict" | "off";
  /**
   * What `refresher.fetch` does where the server refused the access token and the refresh failed for now, while the session goes on:
   * false (default) rejects with the `RefreshError`, true gives the server's 401. Where a login is needed, it always gives the 401.
   */
  keepRejectedResponse?: boolean;
  /**
   * Is called after each step of the state machine, with what came in and what went out. It holds no secret. `oauth-refresher/trace`
   * has two: one prints, one keeps the last hundred. Keep it fast, and do not throw.
   */
  trace?: (step: TraceStep) => void;
  /** Keeps a refresh alive beyond the request that began it. Default on Cloudflare Workers: the platform's own. */
  waitUntil?: (work: Promise<unknown>) => void;
}

/** One step of the state machine. `String(step)` is one line of JSON. */
export interface TraceStep {
  /** Unix seconds. */
  at: number;
  /** What happened: `demanded`, `loaded`, `locked`, `replied`, `unreachable` … */
  event: string;
  /** What is done about it, in order: `load`, `lock`, `save`, `send`, `grant`, `notify` …, with the number it is about. */
  effects: string[];
  /** What is in flight now: `idle`, `look`, `lock`, `re-read`, `mark`, `send`, `save` … */
  phase: string;
  /** Of the tokens that are held. */
  generation?: number;
  /** The number of the caller, or of the effect that the event completes. */
  caller?: number;
  /** One line: the time, the event and its effects. */
  toString(): string;
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
  /** Signs proofs; it may be non-extractable. */
  privateKey: Parameters<typeof crypto.subtle.sign>[1];
  /** Goes into each proof; it must be extractable. */
  publicKey: Parameters<typeof crypto.subtle.verify>[1];
}

/**
 * One session. Fires {@link RefresherEvents}: after the change is stored, outside every lock, once per change and context, in the
 * order of `generation`. A listener may call and await any method; a listener that throws has no effect on other listeners or callers.
 * Methods may be taken off the refresher and called alone: `const { getAccessToken } = refresher`.
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
   * A second rejection is the answer, and so is the first one where a login is needed or the body was a stream, which can be sent
   * only once. Where the refresh failed for now and the session goes on, it rejects with the `RefreshError`, unless
   * `keepRejectedResponse` is set. After a login as another person in between, the 401 is the answer. Strings, buffers, forms, blobs and
   * Requests are sent again as they are: leave a buffer alone until the answer is there.
   *
   * @throws TypeError for an origin that is not listed; RefreshError where there is no token; what `fetch` throws.
   */
  fetch(input: FetchInput, init?: RequestInit): Promise<Response>;
  /**
   * Reads the storage if it was not read yet, and sends nothing. Null: there is no session. The tokens may have expired.
   *
   * @throws RefreshError `storage_failed` where the storage cannot be read; the signal's own reason when `signal` aborts.
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
   * After a login: takes the token endpoint's reply as it came, stores it as the session and answers what is now known. With a
   * `response` shape the reply is read by it, and registered names are understood as well; one without tokens is `bad_response`.
   *
   * Rejects with `storage_failed` where the login cannot be stored: it is kept in memory, and the write is tried again.
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
   * Forgets the tokens everywhere; with `revoke`, tells the server too (RFC 7009): of the refresh token, or the access token where there
   * is none, and of what a refresh in flight still brings. The session is over at once, whatever the server answers; the promise waits
   * for it, `timeoutSeconds` at most. A server that is busy and names a time (`Retry-After`) within them is asked once more. Where no
   * endpoint for it is known (no option `revocation_endpoint`, and no `issuer` whose metadata name one), `revoke` rejects with a
   * `TypeError` after the tokens are gone here.
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
  addEventListener(type: keyof RefresherEvents, ...listener: Listening): void;
  removeEventListener<K extends keyof RefresherEvents>(
    type: K,
    listener: (event: RefresherEvents[K]) => void,
    options?: boolean | { capture?: boolean },
  ): void;
  removeEventListener(type: keyof RefresherEvents, ...listener: Listening): void;
}

/** What `EventTarget` takes after the name of an event. */
type Listening = Parameters<EventTarget["addEventListener"]> extends [any, ...infer Rest] ? Rest : never;

/** What `fetch` takes first: a URL or a Request. */
export type FetchInput = Parameters<typeof fetch>[0];

/** How one caller wants the token. A name that is none of these, or a wrong value, rejects with a `TypeError` that says what to write. */
export interface DemandOptions {
  /** Aborting detaches this caller; the refresh goes on and its result is stored. */
  signal?: AbortSignal;
  /** The token must be good for this many seconds more. Default 10, never more than a quarter of the token's lifetime. */
  minValiditySeconds?: number;
  /** How many seconds the whole wait may take, 3600 at most: load, lock, request and save. Then it rejects with `timeout`. */
  timeoutSeconds?: number;
  /** An access token that a resource server refused: it is refreshed unless a newer one is here already. */
  rejected?: string;
}

/** What is known about the tokens. Never the refresh token. Frozen: all callers share one object. */
export interface TokenSet {
  /** What a resource server is sent. */
  access_token: string;
  /** As registered: `Bearer` (RFC 6750), `DPoP` (RFC 9449). */
  token_type: string;
  /** Unix seconds, by this device's clock. Missing if the server did not say. */
  expires_at?: number;
  /** Separated by spaces. */
  scope?: string;
  /** As it came (OpenID Connect Core §3.1.3.3). */
  id_token?: string;
  /** What else the server said, untouched. */
  [extra: string]: unknown;
}

/** A token endpoint's reply (RFC 6749 §5.1), or a {@link TokenSet}; with or without a refresh token. */
export interface TokenInput {
  /** As it came. Without it the first call refreshes. */
  access_token?: string;
  /** As it came. Without it the session lasts as long as the access token. */
  refresh_token?: string;
  /** Default `Bearer`. */
  token_type?: string;
  /** Seconds from now. */
  expires_in?: number | string;
  /**
   * Unix seconds. Milliseconds are understood, and so are a `Date` and ISO text with a time of day: what is stored is in seconds. Anything
   * else is a TypeError, but for 0, null and undefined, which say that the end is unknown.
   */
  expires_at?: number;
  /** Separated by spaces. */
  scope?: string;
  /** Kept, and compared with those of later refreshes (`identityCheck`). */
  id_token?: string;
  /** A `Response` is no reply: write `await response.json()`. */
  json?: never;
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
  /** `refresher.state` is another one, also after the first read of the storage. */
  "state-changed": CustomEvent<{ state: Refresher["state"]; previous: Refresher["state"] }>;
  /** The storage or its lock threw, rejected or gave rubbish. Work goes on in memory as far as it can. */
  "storage-failed": CustomEvent<{ error: unknown; operation: "load" | "save" | "lock" }>;
}
