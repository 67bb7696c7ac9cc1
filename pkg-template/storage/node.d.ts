import type { TokenStorage } from "../index.js";

/**
 * One session in one file, for any number of processes on one machine: mode 0600, replaced in one step, with a lock file across
 * processes. A process that is killed while it holds the lock loses it at once; one that hangs, after fifteen seconds.
 *
 * The folder must exist. Beside the file lie `.lock.N` and `.write.N`, which hold a process id and nothing else.
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
  load(): Promise<import("../index.js").TokenRecord | null>;
  save(record: import("../index.js").TokenRecord | null, expected: number | null): Promise<boolean>;
  lock<T>(work: () => Promise<T>, options: { signal: AbortSignal }): Promise<T>;
};
