// Virtual time of a device: the wall clock, the monotonic clock, and setTimeout as in Node. The package looks up its globals at use, so
// nothing has to be passed in. Not a test by itself.

const START = Date.parse("2026-11-22T12:00:00Z");
const {
  Date: { now: realNow },
  performance,
  setTimeout: realSetTimeout,
  clearTimeout: realClearTimeout,
} = globalThis;
const { setImmediate } = globalThis;
const realMonotonic = performance.now.bind(performance);

/** Replaces the clocks. Every test that does so calls `restore`. */
export function virtualTime({ wallMs = START } = {}) {
  let elapsedMs = 0;
  let offMs = 0;
  let last = 0;
  /** Timers that are armed. */
  const armed = new Map();
  /** The delays of all timers so far. */
  const delays = [];
  let deadTimers = false;

  Date.now = () => wallMs + elapsedMs + offMs;
  performance.now = () => elapsedMs;
  globalThis.setTimeout = (callback, delay = 0, ...values) => {
    delays.push(delay);
    // As on every platform: a delay beyond 31 bits fires at once.
    const wait = delay > 2 ** 31 - 1 || !(delay >= 1) ? 1 : delay;
    const timer = {
      at: elapsedMs + wait,
      order: ++last,
      callback: () => callback(...values),
      isRef: true,
      ref: () => ((timer.isRef = true), timer),
      unref: () => ((timer.isRef = false), timer),
      hasRef: () => timer.isRef,
    };
    armed.set(timer.order, timer);
    return timer;
  };
  globalThis.clearTimeout = (timer) => void armed.delete(timer?.order);

  return {
    armed: () => [...armed.values()],
    delays,
    /** No timer fires from now on, as in a page that the browser throttles. */
    killTimers: () => void (deadTimers = true),
    /** Sets the wall clock; no time passes. */
    setClock: (byMs) => void (offMs += byMs),
    /** The device sleeps: the wall clock advances, the monotonic clock and the timers do not. */
    sleep: (ms) => void (offMs += ms),
    settle,
    /** Time passes timer by timer, with their effects. */
    async pass(ms) {
      const end = elapsedMs + ms;
      await settle();
      for (;;) {
        const next = [...armed.values()].sort((a, b) => a.at - b.at || a.order - b.order)[0];
        if (deadTimers || !next || next.at > end) break;
        elapsedMs = Math.max(elapsedMs, next.at);
        armed.delete(next.order);
        next.callback();
        await settle();
      }
      elapsedMs = end;
      await settle();
    },
    /** Time passes while the program is busy: timers that come due fire at its end. */
    async passBusy(ms) {
      elapsedMs += ms;
      const isDue = ({ at }) => at <= elapsedMs;
      for (let due; (due = [...armed.values()].filter(isDue)).length; await settle())
        for (const { order, callback } of due) if (armed.delete(order)) callback();
    },
    restore() {
      Object.assign(globalThis, { setTimeout: realSetTimeout, clearTimeout: realClearTimeout });
      Date.now = realNow;
      performance.now = realMonotonic;
    },
  };
}

/** Waits for everything that takes no virtual time: promises, streams of a Response, the compilation of the core. */
export async function settle() {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
}
