import type { TokenStorage } from "../index.js";

/**
 * Keeps the session for as long as this object lives. Refreshers that are given the same object share the session.
 *
 * @example
 * ```ts
 * import { createRefresher } from "oauth-refresher";
 * import { memoryStorage } from "oauth-refresher/storage";
 *
 * const storage = memoryStorage();
 * const refresher = createRefresher({ token_endpoint: "https://auth.example/token", client_id: "my-app", storage });
 * ```
 */
export function memoryStorage(): TokenStorage;

/**
 * Keeps the session as one JSON string under `key` of localStorage or sessionStorage: readable by every script of the origin.
 *
 * `save` compares and writes in one synchronous block. Between two tabs that is not atomic by itself: the lock makes it so. What is
 * stored and is no JSON makes `load` reject with a SyntaxError and is not touched, until a login takes its place: then it is kept
 * under `${key}.unreadable`, until a sign-out. A QuotaExceededError comes through as it is.
 *
 * Duplicate Tab and `window.open` copy sessionStorage, refresh token and all. Which tokens were sent is noted in localStorage under
 * `${key}.sent`, as fingerprints, so that no tab sends what another one has: of two such tabs the one that refreshes first keeps the
 * session, the other keeps its access token until that runs out, and then needs a login. A tab that is copied while its request is
 * out cannot be told from one that was reloaded.
 *
 * @throws TypeError if `area` is no Storage or `key` no string.
 *
 * @example
 * ```ts
 * import { createRefresher } from "oauth-refresher";
 * import { webStorage } from "oauth-refresher/storage";
 *
 * const refresher = createRefresher({
 *   token_endpoint: "https://auth.example/token",
 *   client_id: "my-app",
 *   storage: webStorage(sessionStorage, "my-app.session"),
 * });
 * ```
 */
export function webStorage(area: WebStorageArea, key: string): TokenStorage;

/** What `webStorage` uses of localStorage or sessionStorage. */
export interface WebStorageArea {
  /** The text under that key; null without one. */
  getItem(key: string): string | null;
  /** Throws where there is no more room. */
  setItem(key: string, value: string): void;
  /** Does nothing where there is no such key. */
  removeItem(key: string): void;
}

/**
 * Keeps the session in the IndexedDB database `name`, which it creates and has for itself; shared by tabs, workers and service
 * workers of the origin. Compares and writes in one transaction of strict durability. The database is opened at first use. A connection
 * that died is opened again, whatever the browser calls that: an operation that failed is tried once more. Other contexts learn of a
 * write through the BroadcastChannel `oauth-refresher:${name}`, which carries a generation and no token. A page that goes away closes both, so that it can be kept in the back/forward cache.
 *
 * With `encrypt`, the record is written with AES-GCM under a 256-bit key that is not extractable and lives in the same database.
 * - What it defends: code that can read the database but not use its key (a bug that copies one object store, a log of stored values, an
 *   export by `JSON.stringify`) sees no token. A record that was changed, moved here from another name, or written in clear is not
 *   accepted: it is told of, and a login takes its place.
 * - What it does not defend: the browser keeps the key in clear in its files, beside the ciphertext. Who copies the profile folder has
 *   both. A script of the origin can use the key as this package does. An older record of the same session can be put back.
 * A session that began without `encrypt` needs a new login. Needs a secure context (`crypto.subtle`).
 *
 * @throws TypeError if `name` is no string. `load` and `save` reject with the DOMException of IndexedDB.
 *
 * @example
 * ```ts
 * import { createRefresher } from "oauth-refresher";
 * import { indexedDbStorage } from "oauth-refresher/storage";
 *
 * const refresher = createRefresher({
 *   token_endpoint: "https://auth.example/token",
 *   client_id: "my-app",
 *   storage: indexedDbStorage("my-app-session", { encrypt: true }),
 * });
 * ```
 */
export function indexedDbStorage(name: string, options?: { encrypt?: boolean }): TokenStorage;

/**
 * A storage of your own, from two functions. See {@link TokenStorage} for what they must do: `save` in one atomic write, and
 * answering false, without writing, if it can tell that another generation than `expected` is stored.
 *
 * @throws TypeError if `load` or `save` is missing, or anything given is no function.
 *
 * @example
 * ```ts
 * import { createRefresher, type TokenRecord } from "oauth-refresher";
 * import { callbackStorage } from "oauth-refresher/storage";
 *
 * const rows = new Map<string, TokenRecord>();
 * const refresher = createRefresher({
 *   token_endpoint: "https://auth.example/token",
 *   client_id: "my-app",
 *   storage: callbackStorage({
 *     load: () => rows.get("session"),
 *     save(record, expected) {
 *       if ((rows.get("session")?.generation ?? null) !== expected) return false;
 *       if (record) rows.set("session", record);
 *       else rows.delete("session");
 *       return true;
 *     },
 *   }),
 * });
 * ```
 */
export function callbackStorage(callbacks: TokenStorage): TokenStorage;
