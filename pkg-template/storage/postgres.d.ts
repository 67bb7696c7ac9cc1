import type { LockGrant, TokenRecord, TokenStorage } from "../index.js";

/** What `postgresStorage` uses of a `Pool` or `Client` of pg, or of whatever answers like it: PGlite, or an object of your own. */
export interface PostgresPool {
  /** One statement with its values; answers its rows. */
  query(text: string, values: string[]): PromiseLike<{ rows: unknown[] } | unknown[]>;
}

/** Where and how {@link postgresStorage} keeps its records. */
export interface PostgresOptions {
  /** Where the records are: `name` or `schema.name`, as it is written, case included. Default `oauth_refresher`. */
  table?: string | undefined;
  /** Creates the two tables when they are missing. Default false: then an error says what to run. */
  createTable?: boolean | undefined;
  /** How long the holder of the lock may be silent, in seconds. Default: what the refresher passes, 2 x `timeoutSeconds` + 60. */
  leaseSeconds?: number | undefined;
}

/**
 * One session in PostgreSQL, for any number of processes on any number of machines. The pool, and hearing its errors, is yours.
 *
 * - The record is one row; every write compares its generation and is one statement. It is not encrypted.
 * - The lock is a row of the table `oauth_refresher_lock`: a random name of its owner and a heartbeat. It passes on when the heartbeat
 *   stood still for longer than the lease, by the monotonic clock of the process that waits. While the database is away nothing is
 *   counted: a reply that a process holds in memory is saved first. For programs that live for less than a lease, five leases by the clock of
 *   the database (`expires_at`) end it as well. No session, transaction, advisory lock or prepared statement stays open, so poolers in
 *   transaction mode (PgBouncer) are fine.
 * - The pool must lead to the primary: a replica is behind.
 * - PostgreSQL failing is an error: `load`, `save` and `lock` reject, with nothing of a token in the error.
 * - What is stored and is no JSON, or has no generation, makes `load` reject with a SyntaxError, until a login takes its place; it is then
 *   kept in the column `unreadable` of its row, until a sign-out.
 * - There is no `subscribe`: LISTEN would need a connection of its own. A refresher reads what others wrote when it needs a token.
 *
 * With postgres.js: `postgresStorage({ query: (text, values) => sql.unsafe(text, values) }, key)`.
 *
 * @throws TypeError for a pool without `query`, a key that is no string, and options that are not known.
 *
 * @example
 * ```ts
 * import { Pool } from "pg";
 * import { createRefresher } from "oauth-refresher";
 * import { postgresStorage } from "oauth-refresher/storage/postgres";
 *
 * const pool = new Pool({ connectionString: "postgres://localhost/app" }).on("error", console.error);
 * const refresher = createRefresher({
 *   token_endpoint: "https://auth.example/token",
 *   client_id: "my-service",
 *   storage: postgresStorage(pool, "my-service", { createTable: true }),
 * });
 * ```
 */
export function postgresStorage(
  pool: PostgresPool,
  key: string,
  options?: PostgresOptions,
): TokenStorage & {
  load(): Promise<TokenRecord | null>;
  save(record: TokenRecord | null, expected: number | null): Promise<boolean>;
  lock<T>(
    work: (grant: Required<LockGrant>) => Promise<T>,
    options?: { signal?: AbortSignal | undefined; leaseSeconds?: number | undefined },
  ): Promise<T>;
};

/** The two CREATE TABLE statements, for a migration. */
export function postgresTables(options?: { table?: string | undefined }): string;
