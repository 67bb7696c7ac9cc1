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
  /** Tells this client from one of node-redis; not called. */
  defineCommand(name: string, definition: { lua: string }): unknown;
}

/**
 * One session in Redis (or Valkey), for any number of processes on any number of machines. Connecting the client, and hearing its
 * errors, is yours.
 *
 * - All of it lies in the hash `key`: the fields `generation`, `record`, `lock`, `lock_at` and `unreadable`. So no other session's key
 *   can meet it. The record is written by a script that compares generations in the same step. It is not encrypted and has no expiry;
 *   give Redis `maxmemory-policy noeviction`, and `appendonly yes` if sessions should survive a restart: what Redis forgets is a session
 *   lost.
 * - The lock holds a random name of its owner and a heartbeat. It passes on when the heartbeat stood still for longer than the lease, by
 *   the monotonic clock of the process that waits; the lease is 2 x `timeoutSeconds` + 60 s unless `leaseSeconds` says otherwise. While
 *   Redis is away nothing is counted: a reply that a process holds in memory is saved first. For programs that live for less than a lease, five
 *   leases by the clock of Redis end it as well.
 * - Redis copies to replicas after it answered: a failover can lose the last write. What is stored then is a refresh token that was used.
 *   Under `reuse: "never"` that costs the session, and every context is told that it ended; a grace period of the authorization server
 *   (`reuse: { graceSeconds }`, `"until-successor-used"`) covers it. Where neither will do, use PostgreSQL with a synchronous standby.
 * - Redis failing is an error: `load`, `save` and `lock` reject, with nothing of a token in the error. An order of the lock that Redis
 *   does not answer in five seconds has failed, whatever the client thinks of it.
 * - What is stored and is no JSON, or has no generation, makes `load` reject with a SyntaxError, until a login takes its place; it is then
 *   kept in the field `unreadable`, until a sign-out.
 * - There is no `subscribe`: it would need a second connection. A refresher reads what others wrote when it needs a token.
 *
 * @throws TypeError for anything else than such a client, a key that is no string, and options that are not known.
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
