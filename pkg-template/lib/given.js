// @ts-check

/** @param {unknown} value */
export const typeOf = (value) => ({}).toString.call(value).slice(8, -1).toLowerCase();

/**
 * What was given instead, for an error: its type, and the value if that is a number, a word, or a URL without credentials and query. What
 * may be a secret is told by its type.
 * @param {any} value @param {boolean} [isSecret]
 */
export const asGiven = (value, isSecret) =>
  `(given: ${typeOf(value)}${!isSecret && /^st|^[nb]/.test(typeof value) && /^([-\d.]{1,9}|[a-z*_-]{1,19}|(https?:)?\/[^@?=]*)$/i.test(value) ? " " + value : ""})`;
