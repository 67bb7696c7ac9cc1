import type { TokenRecord, TokenStorage } from "../index.js";

/** What `redisStorage` uses of a client of `redis` (node-redis, 4 or newer): a client, pool, cluster or sentinel. */
export interface NodeRedisClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  EVAL(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** What `redisStorage` uses of a client of `ioredis`: `Redis` or `Cluster`. */
export interface IoRedisClient {
  eval(script: string, numkeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  defineCommand(name: string, definition: { lua: string }): unknown;
}

/**
 * One session in Redis (or Valkey), for any number of processes on any number of machines. Connecting the client, and hearing its
 * errors, is yours.
 *
 * - The record lies in the hash `key` and is written by a script that compares generations in the same step. It is not encrypted and
 *   has no expiry; give Redis `maxmemory-policy noeviction`, and `appendonly yes` if sessions should survive a restart: what Redis
 *   forgets is a session lost.
 * - The lock is the key `{key}:lock` (in a cluster in the slot of `key`; `key:lock` for a key that has a `{tag}`). It holds a random
 *   name of its owner and ends by Redis's clock, `leaseSeconds` after the owner was last heard; while it is held it is renewed.
 *   Default 35, which is longer than a refresh takes: choose more if your `timeoutSeconds` is above 30. A process that dies while it
 *   refreshes is waited for that long. After an outage that outlasts the lease, whoever saw it waits once more so long where a refresh
 *   is noted as begun: its reply may be in somebody's memory. A process that starts then has seen nothing, and does not.
 * - Redis copies to replicas after it answered: a failover can lose the last write. What is stored then is a refresh token that was used.
 *   Under `reuse: "never"` that costs the session, and everybody is told that it ended; a grace period of the authorization server
 *   (`reuse: { graceSeconds }`, `"until-successor-used"`) covers it. Where neither will do, use PostgreSQL with a synchronous standby.
 * - Redis failing is an error: `load`, `save` and `lock` reject, with nothing of a token in the error. An order of the lock that Redis
 *   does not answer in five seconds has failed, whatever the client thinks of it.
 * - What is stored and is no JSON makes `load` reject with a SyntaxError, until a login takes its place; it is kept under
 *   `{key}:unreadable`.
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
  lock<T>(work: () => Promise<T>, options: { signal: AbortSignal }): Promise<T>;
};
