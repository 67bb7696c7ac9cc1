// @ts-check

/**
 * The result of the work, or an error with `isUnsent` after a time limit: nothing was sent by then.
 * @template T @param {Promise<T>} work @param {number} seconds @param {string} late @returns {Promise<T>}
 */
export function bounded(work, seconds, late) {
  /** @type {any} */
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error(late), { isUnsent: true })), seconds * 1000);
  });
  return Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}
