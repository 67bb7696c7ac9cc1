// @ts-check

/** Beyond this setTimeout fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * One timer for whatever is due next. It is a hint: the core decides by the clock what is really due.
 *
 * Each refresher has its own, and the platform keeps them in a queue. A queue of ours, with one timer for all, was built and measured
 * with ten thousand in Node: 23 µs each time that one is set instead of 3, 40 bytes more for each and 330 more to download. It would
 * also wake a refresher in the async context of another one, and tie those of one test to the fake timers of the next.
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
     * @param {boolean} awaited  A caller waits; only then the timer keeps Node alive.
     * @param {boolean} [_busy]  A caller waits, or a refresh is in-flight.
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
