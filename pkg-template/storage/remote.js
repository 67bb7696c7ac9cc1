// @ts-check
import { asGiven } from "../lib/given.js";
// Shared by the Redis and PostgreSQL storages.
import { checkKnown } from "../lib/known.js";
import { generationOf } from "./record.js";

/** @import { TokenRecord } from "../index.js" */

/** @type {WeakMap<object, string>} */
const names = new WeakMap();

/**
 * Storages with the same connection and key hold the same session. Two connections are not compared, because their addresses contain
 * passwords: for them, the lock on the server is sufficient.
 * @param {string} kind @param {object} connection @param {string} key
 */
export function nameOf(kind, connection, key) {
  let name = names.get(connection);
  if (!name) names.set(connection, (name = crypto.randomUUID()));
  return `${kind}:${name}:${key}`;
}

/**
 * A copy of a driver's error with its message and code only: the original may contain the command or the row, with tokens.
 * @param {string} who @param {any} error
 */
export function told(who, error) {
  // The AggregateError of failed connections has an empty message.
  const words = String(error?.message || error?.code || error?.name || "failed");
  const shown = new Error(words.startsWith(who) ? words : `${who}: ${words}`);
  return Object.assign(shown, typeof error?.code == "string" && { code: error.code });
}

/**
 * A stored record as text, and the generation that the server compares.
 * @typedef {{ generation: string | null, record: string | null }} Row
 */

/** @param {unknown} generation @param {unknown} record @returns {Row} */
export const asRow = (generation, record) => ({
  generation: generation == null ? null : String(generation),
  record: record == null ? null : String(record),
});

/** @param {string} who @param {Row} row @returns {TokenRecord | null} */
export function recordIn(who, row) {
  if (row.record === null && row.generation === null) return null;
  /** @type {TokenRecord} */
  let record;
  try {
    record = JSON.parse(row.record ?? "");
  } catch {
    throw new SyntaxError(`${who}: what is stored is not JSON`);
  }
  if (String(generationOf(record)) !== row.generation)
    throw new SyntaxError(`${who}: what is stored has another generation than its row, or none`);
  return record;
}

/** @param {Row} row */
export function isUnreadable(row) {
  try {
    recordIn("", row);
    return false;
  } catch {
    return true;
  }
}

/** @param {string} who @param {unknown} key @param {any} options @param {Record<string, (value: any) => string | false>} known */
export function check(who, key, options, known) {
  if (!key || typeof key != "string")
    throw new TypeError(`${who}: key must be a non-empty string ${asGiven(key)}`);
  checkKnown(who, options, known);
}

/** @param {unknown} value */
export const leaseSeconds = (value) =>
  !(typeof value == "number" && value >= 1 && value <= 3600) &&
  "a number of seconds from 1 to 3600, longer than timeoutSeconds";
