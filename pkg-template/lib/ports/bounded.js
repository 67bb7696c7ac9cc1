// @ts-check

/** A timer that is late by this much means that the process was blocked or suspended. */
const STALLED_MS = 1000;

/**
 * Calls `over` after that time. After a stall, timers fire before sockets are read, and the result may be waiting there.
 * @param {number} ms @param {() => void} over @returns {() => void}  Stops the timer.
 */
export function awake(ms, over) {
  /** @type {any} */
  let timer;
  const wait = (/** @type {number} */ ms, lateAt = performance.now() + ms + STALLED_MS) => {
    timer = setTimeout(() => (lateAt > performance.now() ? over() : wait(STALLED_MS)), ms);
  };
  wait(ms);
  return () => clearTimeout(timer);
}

/**
 * The result of the work, or an error with `isUnsent` after a time limit: nothing was sent by then.
 * @template T @param {Promise<T>} work @param {number} seconds @param {string} late @returns {Promise<T>}
 */
export function bounded(work, seconds, late) {
  return new Promise((resolve, reject) => {
    const stop = awake(seconds * 1000, () => reject(Object.assign(new Error(late), { isUnsent: true })));
    // half the CPU of Promise.race and finally
    Promise.resolve(work).then(resolve, reject).then(stop);
  });
}
