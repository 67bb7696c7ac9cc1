import type { TokenStorage } from "../index.js";

/**
 * Keeps the session in memory, as long as this object exists. Refreshers with the same object share the session.
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
 * `save` compares and writes in one synchronous block. Between tabs, a Web Lock makes it atomic. If the stored text is not JSON, `load`
 * rejects with a SyntaxError and leaves it. A login replaces it and keeps it under `${key}.unreadable` until a sign-out. A
 * QuotaExceededError is passed on unchanged.
 *
 * Duplicate Tab and `window.open` copy sessionStorage with the refresh token. So fingerprints of sent refresh tokens are kept in
 * localStorage under `${key}.sent`, and no tab sends a token that its copy has sent. The tab that refreshes first keeps the session; the
 * other one keeps its access token until it expires, and then needs a login. A tab that is copied during a request cannot be
 * distinguished from a reloaded one.
 *
 * @throws TypeError if `area` is not a Storage or `key` is not a non-empty string.
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
  /** Throws if the quota is exceeded. */
  setItem(key: string, value: string): void;
  /** Does nothing without such a key. */
  removeItem(key: string): void;
}

/**
 * Keeps the session in the IndexedDB database `name`, which is created for it, for all tabs, workers and service workers of the origin.
 * Compares and writes in one transaction of strict durability. The database is opened at first use, and reopened after an error: a failed
 * operation is retried once on a new connection. Other contexts are notified through the BroadcastChannel `oauth-refresher:${name}`, which
 * carries a generation and no token. A page that is left closes both, so that it can be kept in the back/forward cache.
 *
 * With `encrypt`, the record is encrypted by AES-GCM with a non-extractable 256-bit key in the same database.
 * - It protects against code that can read the database but not use its key: a bug that copies one object store, a log of stored values, an
 *   export by `JSON.stringify`. A record that was changed, moved from another database, or written in clear is rejected until a login
 *   replaces it.
 * - It does not protect against a copy of the profile folder: the browser stores the key in clear beside the ciphertext. A script of the
 *   origin can use the key as this package does. An older record of the same session can be restored.
 * A session that was stored without `encrypt` needs a new login. Needs a secure context (`crypto.subtle`).
 *
 * @throws TypeError if `name` is not a non-empty string, or for an unknown option. `load` and `save` reject with IndexedDB's DOMException.
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
 * A storage of your own, from two functions. See {@link TokenStorage} for the requirements: `save` must be one atomic write. If it can
 * compare, it must return false, without writing, when another generation than `expected` is stored.
 *
 * @throws TypeError if `load` or `save` is missing, or for an unknown or wrong member.
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
