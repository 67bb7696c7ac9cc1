// @ts-check
import { asGiven } from "../lib/given.js";
import { leaseMsIn, lockByLease } from "./lease.js";
import { asRow, check, isUnreadable, leaseSeconds, nameOf, recordIn, told } from "./remote.js";
import { keptUntilSaved } from "./unsaved.js";

/** @import { TokenRecord } from "../index.js" */
/** @import { postgresStorage as declared, postgresTables as declaredTables } from "./postgres.js" */

const WHO = "postgresStorage";
const TABLE = "oauth_refresher";
/** Serialization failure and deadlock: the statement did nothing and can be retried. */
const OVERTAKEN = ["40001", "40P01"];
const NO_SUCH_TABLE = "42P01";
/** Errors of CREATE TABLE IF NOT EXISTS while another session runs it too. */
const CREATED_MEANWHILE = ["23505", "42P07", "42710"];
const TRIES = 5;

/** @type {typeof declared} */
export function postgresStorage(pool, key, options = {}) {
  if (typeof pool?.query != "function")
    throw new TypeError(
      `${WHO}: pool must have query(text, values), as new Pool() of pg has ` + `${asGiven(pool)}`,
    );
  check(WHO, key, options, { table, createTable, leaseSeconds });
  const { record, lock: leases } = statements(options.table);
  /** @param {string} text @param {unknown[]} values @returns {Promise<any[]>} */
  async function run(text, ...values) {
    for (let tries = 1; ; tries++) {
      try {
        return rowsOf(await pool.query(text, [key, ...values.map(String)]));
      } catch (/** @type {any} */ error) {
        const missing = error?.code === NO_SUCH_TABLE;
        if (tries === TRIES || !(OVERTAKEN.includes(error?.code) || (missing && options.createTable)))
          throw told(WHO, missing ? { code: error.code, message: withoutTable(options.table) } : error);
        if (missing) await create();
      }
    }
  }

  async function create() {
    for (const statement of creating(options.table))
      await Promise.resolve(pool.query(statement, [])).catch((error) => {
        if (!CREATED_MEANWHILE.includes(error?.code)) throw told(WHO, error);
      });
  }

  /** @param {string} text @param {unknown[]} values */
  const did = async (text, ...values) => (await run(text, ...values)).length > 0;

  async function row() {
    const [found] = await run(record.load);
    return asRow(found?.generation, found?.record);
  }

  const lock = lockByLease(
    {
      async take(owner, text, over) {
        const [{ taken, before }] = await run(leases.take, text, serverMs(text), over);
        if (taken) return { passedOn: before === null || before.startsWith(owner) ? "released" : "silent" };
        return { held: before, leaseMs: leaseMsIn(before ?? "") };
      },
      beat: (_owner, text) => did(leases.beat, text, serverMs(text)),
      isHeld: (owner) => did(leases.isHeld, owner),
      release: (owner) => did(leases.release, owner),
    },
    options.leaseSeconds,
  );

  /** @param {TokenRecord | null} given @param {number | null} expected */
  async function save(given, expected) {
    const written = given ? [given.generation, JSON.stringify(given)] : [];
    if (expected !== null) return did(given ? record.replace : record.remove, expected, ...written);
    if (await did(given ? record.insert : record.isVacant, ...written)) return true;
    // A login or a sign-out replaces an unreadable record.
    const stored = await row();
    if (!isUnreadable(stored)) return false;
    return did(given ? record.replaceOver : record.removeOver, stored.generation, stored.record, ...written);
  }

  return {
    name: nameOf("postgres", pool, `${options.table ?? TABLE}:${key}`),
    conditionalSave: true,
    load: async () => recordIn(WHO, await row()),
    ...keptUntilSaved(save, lock),
  };
}

/**
 * A lock also expires after five leases by the server's clock, for programs that run shorter than a lease and cannot observe one. If that
 * clock is set by more than this between two heartbeats, a running holder loses its lock. That is safe, as after a stall: its mark is
 * respected for its lease, and its writes are compared.
 * @param {string} text
 */
const serverMs = (text) => Math.round(5 * (leaseMsIn(text) ?? 0));

/** @type {typeof declaredTables} */
export function postgresTables(options = {}) {
  check("postgresTables", "any", options, { table });
  return `${creating(options.table).join(";\n")};\n`;
}

/**
 * The lock is a row with its holder's text, not an advisory lock. Advisory locks belong to a database session: a pooler in transaction mode
 * (PgBouncer) gives each statement another one, and a hanging session would keep its lock. clock_timestamp() is used because now() is
 * constant in a transaction and while a row is waited for. Waiting for a held lock only reads.
 * @param {string} [table]
 */
function statements(table) {
  const { records, locks } = tables(table);
  const end = "clock_timestamp() + $3::bigint * interval '1 millisecond'";
  const record = {
    load: `SELECT generation::text AS generation, record FROM ${records} WHERE key = $1`,
    insert: `INSERT INTO ${records} (key, generation, record) VALUES ($1, $2::bigint, $3)
      ON CONFLICT (key) DO NOTHING RETURNING key`,
    replace: `UPDATE ${records} SET generation = $3::bigint, record = $4
      WHERE key = $1 AND generation = $2::bigint RETURNING key`,
    remove: `DELETE FROM ${records} WHERE key = $1 AND generation = $2::bigint RETURNING key`,
    isVacant: `SELECT 1 AS vacant WHERE NOT EXISTS (SELECT FROM ${records} WHERE key = $1)`,
    replaceOver: `UPDATE ${records} SET generation = $4::bigint, record = $5, unreadable = $3
      WHERE key = $1 AND generation = $2::bigint AND record = $3 RETURNING key`,
    removeOver: `DELETE FROM ${records} WHERE key = $1 AND generation = $2::bigint AND record = $3 RETURNING key`,
  };
  const owned = (/** @type {string} */ holder) => `key = $1 AND left(owner, 36) = left(${holder}, 36)`;
  const lock = {
    take: `WITH before AS (SELECT owner FROM ${locks} WHERE key = $1), taken AS (
        INSERT INTO ${locks} AS held (key, owner, expires_at)
        SELECT $1::text, $2::text, ${end}
        WHERE NOT EXISTS (SELECT FROM ${locks} WHERE key = $1 AND left(owner, 36) <> left($2, 36)
          AND owner <> $4 AND expires_at > clock_timestamp())
        ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at
        WHERE left(held.owner, 36) = left(excluded.owner, 36) OR held.owner = $4
          OR held.expires_at <= clock_timestamp() RETURNING key)
      SELECT EXISTS (SELECT FROM taken) AS taken, (SELECT owner FROM before) AS before`,
    beat: `UPDATE ${locks} SET owner = $2, expires_at = ${end} WHERE ${owned("$2")} RETURNING key`,
    isHeld: `SELECT key FROM ${locks} WHERE ${owned("$2")}`,
    release: `DELETE FROM ${locks} WHERE ${owned("$2")} RETURNING key`,
  };
  return { record, lock };
}

/** @param {string} [table] */
function creating(table) {
  const { records, locks } = tables(table);
  return [
    `CREATE TABLE IF NOT EXISTS ${records} (key text PRIMARY KEY, generation bigint NOT NULL, record text NOT NULL, unreadable text)`,
    `CREATE TABLE IF NOT EXISTS ${locks} (key text PRIMARY KEY, owner text NOT NULL, expires_at timestamptz NOT NULL)`,
  ];
}

/** The quoted table names. @param {string} [table] */
function tables(table = TABLE) {
  const quoted = (/** @type {string} */ name) =>
    name
      .split(".")
      .map((part) => `"${part}"`)
      .join(".");
  return { records: quoted(table), locks: quoted(`${table}_lock`) };
}

/** @param {string} [table] */
const withoutTable = (table) =>
  `there is no table. Pass { createTable: true }, or run:\n${creating(table).join(";\n")};`;

/** pg and PGlite return an object with `rows`, postgres.js the rows. @param {any} result @returns {any[]} */
function rowsOf(result) {
  const rows = Array.isArray(result) ? result : result?.rows;
  if (!Array.isArray(rows)) throw new TypeError("query(text, values) must answer { rows }, as pg does");
  return rows;
}

/** PostgreSQL cuts names after 63 bytes, and `_lock` is added. @param {unknown} value */
function table(value) {
  const isName = typeof value == "string" && /^([A-Za-z_]\w{0,57}\.)?[A-Za-z_]\w{0,57}$/.test(value);
  return !isName && "a name or schema.name of letters, digits and _, each 58 characters at most";
}

/** @param {unknown} value */
const createTable = (value) => typeof value != "boolean" && "true or false";
