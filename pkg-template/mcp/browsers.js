// @ts-check

/**
 * One run of the SDK's `auth()`.
 * @typedef {object} Run
 * @property {boolean} isSpare  A browser was opened after its request was sent.
 * @property {boolean} isStepUp
 * @property {boolean} isBegun  The SDK has called this session within the run.
 * @property {number} busy  Number of calls that the SDK waits for.
 * @property {any} [timer]
 * @property {Promise<void>} ended
 * @property {() => void} end
 */

/** A run without a call of the SDK for this long has failed. */
const IDLE_MS = 2000;
/** The same before the first call: the SDK may ignore a 403. SDK 1 requests the same scope only once. */
const UNBEGUN_MS = 250;
const STALLED_MS = 100;

/**
 * Runs one `auth()` of the SDK at a time. For each call that needs a login, the SDK discovers, registers and opens a browser, but the
 * provider keeps only the last client, verifier (RFC 7636) and state. A run for a request that was sent before a browser opened does not open
 * another one: its verifier and URL are dropped. A later request opens another.
 */
/** @param {() => void} failed  Called when a run ended without opening a browser. */
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

  /** Detects a failed run, which the SDK does not report. @param {Run} of */
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
    // After a stall, timers fire before events that arrived meanwhile.
    after(() => after(fail, STALLED_MS), of.isBegun || !of.isStepUp ? IDLE_MS : UNBEGUN_MS);
  }

  return {
    end,

    /**
     * Waits for the previous run, then begins one for a request that was sent at `startedAt`. Returns whether it had to wait.
     * @param {number} startedAt @param {AbortSignal | null | undefined} signal @param {boolean} [isStepUp]  For more scope.
     */
    async begins(startedAt, signal, isStepUp = false) {
      const hadToWait = !!run;
      while (run) {
        const before = run;
        await before.ended;
        // The SDK ignores this 403 too.
        if (isStepUp && before.isStepUp && !before.isBegun) return true;
      }
      signal?.throwIfAborted();
      begin(startedAt, isStepUp);
      return hadToWait;
    },

    /** Registers work of the SDK within a run. @template T @param {T} work @returns {T} */
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

    /** The `state` of the open browser, which the provider compares. @param {() => unknown} make */
    state: (make) => (run?.isSpare && lastState !== undefined ? lastState : (lastState = make())),

    /** Ends the run and returns whether the browser shall open. */
    opens() {
      const isSpare = !!run?.isSpare;
      end();
      if (!isSpare) openedAt = performance.now();
      return !isSpare;
    },
  };
}
