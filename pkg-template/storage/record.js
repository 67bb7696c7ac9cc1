// @ts-check

/**
 * The generation of a stored record of any format, or null if it is not a record. A generation is an integer from 1 to 2^53 - 1
 * (`core::record`). A record with another one counts as unreadable, because the write that replaces it could not name it.
 * @param {any} record @returns {number | null}
 */
export function generationOf(record) {
  const generation = record?.generation;
  return Number.isSafeInteger(generation) && generation > 0 ? generation : null;
}
