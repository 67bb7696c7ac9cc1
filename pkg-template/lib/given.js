// @ts-check

/** @param {unknown} value */
export const typeOf = (value) => ({}).toString.call(value).slice(8, -1).toLowerCase();

/**
 * Describes a wrong value in an error: its type, and the value itself if it is a number, a word, or a URL without credentials and query.
 * Of a possible secret, only the type.
 * @param {any} value @param {boolean} [isSecret]
 */
export const asGiven = (value, isSecret) =>
  `(given: ${typeOf(value)}${!isSecret && /^st|^[nb]/.test(typeof value) && /^([-\d.]{1,9}|[a-z*_-]{1,19}|(https?:)?\/[^@?=]*)$/i.test(value) ? " " + value : ""})`;
