// @ts-check

/** Beyond this setTimeout fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * One timer for whatever is due next. It is a hint: the core decides by the clock what is really due.
 * @param {() => void} woke
 */
export function timer(woke) {
  /** @type {any} */
  let running;
  let due = 0;

  return {
    /**
     * @param {number | undefined} at  Milliseconds since the epoch; undefined: nothing is due.
     * @param {number} now
     * @param {boolean} awaited  Somebody waits: only that is a reason for Node to stay alive.
     * @param {boolean} [_busy]  Somebody waits, or a refresh is under way.
     */
    arm(at, now, awaited, _busy) {
      if (!running || at !== due) {
        clearTimeout(running);
        running = undefined;
        if (at === undefined) return;
        due = at;
        running = setTimeout(
          () => {
            running = undefined;
            woke();
          },
          Math.min(Math.max(at - now, 0), LONGEST_MS),
        );
      }
      running[awaited ? "ref" : "unref"]?.();
    },
  };
}

/**
 * What the work brings, or an error once that took too long. Nothing was sent by then.
 * @template T @param {Promise<T>} work @param {number} seconds @param {string} who @returns {Promise<T>}
 */
export function bounded(work, seconds, who) {
  /** @type {any} */
  let timer;
  const late = new Promise((_, reject) => {
    const error = Object.assign(new Error(`${who} did not answer in time`), { isUnsent: true });
    timer = setTimeout(() => reject(error), seconds * 1000);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
