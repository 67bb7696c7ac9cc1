// @ts-check

/**
 * The generation of a stored record of any format, or null for what is no record: a generation is an integer from 1 to 2^53 - 1
 * (`core::record`). What has another one cannot be named by the write that replaces it, and counts as unreadable.
 * @param {any} record @returns {number | null}
 */
export function generationOf(record) {
  const generation = record?.generation;
  return Number.isSafeInteger(generation) && generation > 0 ? generation : null;
}
