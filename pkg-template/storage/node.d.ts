import type { LockGrant, TokenRecord, TokenStorage } from "../index.js";

/**
 * One session in one file, for any number of processes and containers on one machine. The file has mode 0600 and is replaced atomically,
 * under a lock file across processes. `docs/storage.md` lists the guarantees by file system.
 *
 * - The folder must exist. The lock files `.lock.N` and `.write.N` beside the file name a process and contain no token. A sign-out removes
 *   the record, `.unreadable` and every temporary file.
 * - The lock of a killed process is free at once where its death is certain (Linux, the same pid namespace and boot). Elsewhere it expires
 *   after 2 x `timeoutSeconds` + 60 s without a heartbeat, on the monotonic clock of the waiting process.
 * - If the file is not a record, `load` rejects with a SyntaxError, or the `storage-failed` event fires, until a login replaces it. It is
 *   then kept as `.unreadable`, with mode 0600.
 * - A full disk, a missing or read-only folder and a missing permission reject with the system's error and its code.
 *
 * @throws TypeError if `path` is not a non-empty string.
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
 * Only the lock of `fileStorage`, for a record that is stored elsewhere, such as in the operating system's keychain (recipe in
 * `docs/storage.md`). It uses the files `PATH.N`; their folder must exist. All processes that share the record must use the same path.
 *
 * @throws TypeError if `path` is not a non-empty string.
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

/** `leaseSeconds` is passed by the refresher; default 120. Without `signal`, it waits without limit. */
export type FileLock = <T>(
  work: (grant: Required<LockGrant>) => Promise<T>,
  options?: { signal?: AbortSignal | undefined; leaseSeconds?: number | undefined },
) => Promise<T>;
