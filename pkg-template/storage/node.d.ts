import type { LockGrant, TokenRecord, TokenStorage } from "../index.js";

/**
 * One session in one file, for any number of processes and containers on one machine: mode 0600, replaced in one step, with a lock file
 * across processes. `docs/storage.md` says what is promised on which file system, and what is not.
 *
 * - The folder must exist. Beside the file lie `.lock.N` and `.write.N`, which name a process and hold no token. A sign-out removes
 *   the record, `.unreadable` and every draft.
 * - A process that is killed loses its lock at once where that is certain (Linux, the same pid namespace and boot). Everywhere else the
 *   lock passes on after 2 x `timeoutSeconds` + 60 s of silence, counted by the process that waits. No clock that is set changes that.
 * - What is stored and is no record makes `load` reject with a SyntaxError, or is told of, until a login takes its place: it is then kept
 *   as `.unreadable`, with mode 0600.
 * - A full disk, a missing folder, a read-only folder and a missing permission reject with the system's error and its code.
 *
 * @throws TypeError if `path` is no string.
 *
 * @example
 * ```ts
 * import { createRefresher } from "oauth-refresher";
 * import { fileStorage } from "oauth-refresher/storage/node";
 *
 * const refresher = createRefresher({
 *   token_endpoint: "https://auth.example/token",
 *   client_id: "my-tool",
 *   storage: fileStorage("/var/lib/my-tool/session.json"),
 * });
 * ```
 */
export function fileStorage(path: string): TokenStorage & {
  load(): Promise<TokenRecord | null>;
  save(record: TokenRecord | null, expected: number | null): Promise<boolean>;
  lock: FileLock;
};

/**
 * The lock of `fileStorage` alone, for a record that is kept elsewhere: in the keychain of the operating system, say (the recipe is in
 * `docs/storage.md`). Files `PATH.N` hold the place; the folder must exist. Every process that shares the record must name the same path.
 *
 * @throws TypeError if `path` is no string.
 *
 * @example
 * ```ts
 * import { createRefresher, type TokenStorage } from "oauth-refresher";
 * import { fileLock } from "oauth-refresher/storage/node";
 *
 * declare const storage: TokenStorage; // of your own
 * const refresher = createRefresher({
 *   token_endpoint: "https://auth.example/token",
 *   client_id: "my-tool",
 *   storage,
 *   lock: fileLock("/run/my-tool/session.lock"),
 * });
 * ```
 */
export function fileLock(path: string): FileLock;

/** `leaseSeconds` is what a refresher passes; 120 where nothing is passed. Without `signal` it waits for as long as it takes. */
export type FileLock = <T>(
  work: (grant: Required<LockGrant>) => Promise<T>,
  options?: { signal?: AbortSignal | undefined; leaseSeconds?: number | undefined },
) => Promise<T>;
