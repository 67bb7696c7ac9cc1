// A device's clocks and timers in a test's hand: the wall clock, the monotonic one, and setTimeout as Node has it. The package looks
// its globals up when it uses them, so nothing has to be passed in. Not a test by itself.

const START = Date.parse("2026-11-22T12:00:00Z");
const {
  Date: { now: realNow },
  performance,
  setTimeout: realSetTimeout,
  clearTimeout: realClearTimeout,
} = globalThis;
const { setImmediate } = globalThis;
const realMonotonic = performance.now.bind(performance);

/** Takes the clocks over; every test that does gives them back with `restore`. */
export function virtualTime({ wallMs = START } = {}) {
  let elapsedMs = 0;
  let offMs = 0;
  let last = 0;
  /** Timers that were armed and have not fired. */
  const armed = new Map();
  /** Every delay that was ever asked for. */
  const delays = [];
  let deadTimers = false;

  Date.now = () => wallMs + elapsedMs + offMs;
  performance.now = () => elapsedMs;
  globalThis.setTimeout = (callback, delay = 0, ...values) => {
    delays.push(delay);
    // As every platform does: what does not fit 32 bits fires at once.
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
    /** No timer fires from now on, as in a page that the browser throttles for good. */
    killTimers: () => void (deadTimers = true),
    /** Somebody sets the wall clock; no time passes. */
    setClock: (byMs) => void (offMs += byMs),
    /** The device sleeps: the wall clock goes on, the monotonic clock and the timers do not. */
    sleep: (ms) => void (offMs += ms),
    settle,
    /** Time passes, timer by timer, with everything that they set off. */
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
    /** Time passes while the program is busy: what came due in it fires at its end. */
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

/** Everything that needs no time to pass has happened: promises, streams of a Response, the compilation of the core. */
export async function settle() {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
}
