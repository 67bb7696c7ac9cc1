import type { LockGrant, TokenRecord, TokenStorage } from "../index.js";

/** What `postgresStorage` uses of a `Pool` or `Client` of pg, of PGlite, or of an object of your own. */
export interface PostgresPool {
  /** Runs one statement with its values and returns its rows. */
  query(text: string, values: string[]): PromiseLike<{ rows: unknown[] } | unknown[]>;
}

/** The options of {@link postgresStorage}. */
export interface PostgresOptions {
  /** The table of the records: `name` or `schema.name`, case-sensitive. Default `oauth_refresher`. */
  table?: string | undefined;
  /** Creates the two tables if they are missing. Default false: an error says what to run. */
  createTable?: boolean | undefined;
  /** The lease: seconds after which a lock without a heartbeat expires. Default: the refresher's, 2 x `timeoutSeconds` + 60. */
  leaseSeconds?: number | undefined;
}

/**
 * One session in PostgreSQL, for any number of processes on any number of machines. Your code creates the pool and handles its errors.
 *
 * - The record is one row. Every write is one statement that compares the generation. It is not encrypted.
 * - The lock is a row of the table `oauth_refresher_lock`, with a random owner name and a heartbeat. It expires when the heartbeat has not
 *   changed for the lease, on the monotonic clock of the waiting process. Time without the database does not count, so that a process can
 *   save a reply that it holds in memory first. For programs that run shorter than a lease, the lock also expires after five leases by the
 *   database's clock (`expires_at`). No session, transaction, advisory lock or prepared statement stays open, so poolers in transaction
 *   mode (PgBouncer) work.
 * - The pool must connect to the primary, because a replica lags behind.
 * - If PostgreSQL fails, `load`, `save` and `lock` reject, without a token in the error.
 * - If the stored value is not JSON or has no generation, `load` rejects with a SyntaxError until a login replaces it. It is then kept in
 *   the column `unreadable` until a sign-out.
 * - There is no `subscribe`: LISTEN would need a separate connection. A refresher reads the changes of others when it needs a token.
 *
 * With postgres.js: `postgresStorage({ query: (text, values) => sql.unsafe(text, values) }, key)`.
 *
 * @throws TypeError for a pool without `query`, a key that is not a non-empty string, and unknown options.
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
