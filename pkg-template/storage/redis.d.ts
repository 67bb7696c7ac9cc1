import type { LockGrant, TokenRecord, TokenStorage } from "../index.js";

/** What `redisStorage` uses of a client of `redis` (node-redis, 4 or newer): a client, pool, cluster or sentinel. */
export interface NodeRedisClient {
  /** Runs a script on a client or pool. */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  /** The same on a cluster. */
  EVAL(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** What `redisStorage` uses of a client of `ioredis`: `Redis` or `Cluster`. */
export interface IoRedisClient {
  /** Runs a script. */
  eval(script: string, numkeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  /** Distinguishes this client from node-redis; not called. */
  defineCommand(name: string, definition: { lua: string }): unknown;
}

/**
 * One session in Redis (or Valkey), for any number of processes on any number of machines. Your code connects the client and handles its
 * errors.
 *
 * - Everything is in the hash `key`: the fields `generation`, `record`, `lock`, `lock_at` and `unreadable`. So it cannot collide with
 *   another session's key. The record is written by a script that compares the generation. It is not encrypted and has no expiry. Set
 *   `maxmemory-policy noeviction` in Redis, and `appendonly yes` if sessions should survive a restart.
 * - The lock has a random owner name and a heartbeat. It expires when the heartbeat has not changed for the lease, on the monotonic clock of
 *   the waiting process. The lease is `leaseSeconds`, by default 2 x `timeoutSeconds` + 60 s. Time without Redis does not count, so that a
 *   process can save a reply that it holds in memory first. For programs that run shorter than a lease, the lock also expires after five
 *   leases by the clock of Redis.
 * - Redis replicates after it has answered, so a failover can lose the last write, and the stored refresh token is then a used one. Under
 *   `reuse: "never"` that ends the session. A grace period of the authorization server (`reuse: { graceSeconds }`,
 *   `"until-successor-used"`) prevents it. If there is none, use PostgreSQL with a synchronous standby.
 * - If Redis fails, `load`, `save` and `lock` reject, without a token in the error. A lock operation fails after five seconds without an
 *   answer, even if the client still waits.
 * - If the stored value is not JSON or has no generation, `load` rejects with a SyntaxError until a login replaces it. It is then kept in
 *   the field `unreadable` until a sign-out.
 * - There is no `subscribe`: it would need a second connection. A refresher reads the changes of others when it needs a token.
 *
 * @throws TypeError for a wrong client, a key that is not a non-empty string, and unknown options.
 *
 * @example
 * ```ts
 * import { createClient } from "redis";
 * import { createRefresher } from "oauth-refresher";
 * import { redisStorage } from "oauth-refresher/storage/redis";
 *
 * const client = await createClient({ url: "redis://localhost" }).on("error", console.error).connect();
 * const refresher = createRefresher({
 *   token_endpoint: "https://auth.example/token",
 *   client_id: "my-service",
 *   storage: redisStorage(client, "my-service:session"),
 * });
 * ```
 */
export function redisStorage(
  client: NodeRedisClient | IoRedisClient,
  key: string,
  options?: { leaseSeconds?: number | undefined },
): TokenStorage & {
  load(): Promise<TokenRecord | null>;
  save(record: TokenRecord | null, expected: number | null): Promise<boolean>;
  lock<T>(
    work: (grant: Required<LockGrant>) => Promise<T>,
    options?: { signal?: AbortSignal | undefined; leaseSeconds?: number | undefined },
  ): Promise<T>;
};
