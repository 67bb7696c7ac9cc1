// @ts-check

/**
 * One `auth()` of the SDK.
 * @typedef {object} Run
 * @property {boolean} isSpare  A browser was opened since its request was sent.
 * @property {boolean} isStepUp
 * @property {boolean} isBegun  The SDK was heard of.
 * @property {number} busy  What the SDK waits for.
 * @property {any} [timer]
 * @property {Promise<void>} ended
 * @property {() => void} end
 */

/** Nothing of a run is heard of for so long: it has failed. */
const IDLE_MS = 2000;
/** A 403 that the SDK does not follow begins no run: SDK 1 asks once for the same scope. */
const UNBEGUN_MS = 250;
const STALLED_MS = 100;

/**
 * Calls that learn that a login is wanted each have the SDK discover, register and open a browser; and the client, the verifier (RFC 7636) and
 * the state of the last one are all that the provider keeps. So one run of `auth()` goes on at a time. A run for a request that was sent
 * before the browser opened opens no other: its verifier and its URL are dropped. A later request opens another.
 */
/** @param {() => void} failed  A run has ended and opened no browser. */
export function browsers(failed) {
  /** @type {Run | undefined} */
  let run;
  let openedAt = -Infinity;
  /** @type {unknown} */
  let lastState;

  function end() {
    const ended = run;
    run = undefined;
    clearTimeout(ended?.timer);
    ended?.end();
  }

  /** @param {number} startedAt @param {boolean} isStepUp */
  function begin(startedAt, isStepUp) {
    let end = () => {};
    const ended = new Promise((/** @type {(value: void) => void} */ resolve) => (end = resolve));
    run = { isSpare: startedAt < openedAt, isStepUp, isBegun: false, busy: 0, ended, end };
    idle(run);
  }

  /** An SDK does not say that a run failed. @param {Run} of */
  function idle(of) {
    clearTimeout(of.timer);
    const fail = () => {
      if (of !== run) return;
      end();
      failed();
    };
    /** @param {() => void} then @param {number} ms */
    const after = (then, ms) => {
      of.timer = setTimeout(then, ms);
      of.timer.unref?.();
    };
    // a process that was stalled hears its timers before what came meanwhile
    after(() => after(fail, STALLED_MS), of.isBegun || !of.isStepUp ? IDLE_MS : UNBEGUN_MS);
  }

  return {
    end,

    /**
     * Waits for the run before, and begins that of a request that was sent at `startedAt`. Whether it had to wait.
     * @param {number} startedAt @param {AbortSignal | null | undefined} signal @param {boolean} [isStepUp]  For more scope.
     */
    async begins(startedAt, signal, isStepUp = false) {
      const hadToWait = !!run;
      while (run) {
        const before = run;
        await before.ended;
        // the SDK does not follow them
        if (isStepUp && before.isStepUp && !before.isBegun) return true;
      }
      signal?.throwIfAborted();
      begin(startedAt, isStepUp);
      return hadToWait;
    },

    /** What the SDK does within a run. @template T @param {T} work @returns {T} */
    during(work) {
      const of = run;
      if (!of) return work;
      of.isBegun = true;
      idle(of);
      if (typeof (/** @type {any} */ (work)?.then) != "function") return work;
      of.busy += 1;
      clearTimeout(of.timer);
      const over = () => void (--of.busy || idle(of));
      /** @type {any} */ (work).then(over, over);
      return work;
    },

    isSpare: () => !!run?.isSpare,

    /** Whether the run is for more scope. Undefined without a run. */
    isStepUp: () => run?.isStepUp,

    /** What the author compares is of the browser that is open. @param {() => unknown} make */
    state: (make) => (run?.isSpare && lastState !== undefined ? lastState : (lastState = make())),

    /** Whether the browser shall open. */
    opens() {
      const isSpare = !!run?.isSpare;
      end();
      if (!isSpare) openedAt = performance.now();
      return !isSpare;
    },
  };
}
