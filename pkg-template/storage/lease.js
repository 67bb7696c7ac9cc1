// @ts-check
/**
 * The lock across processes is a lease, with the same rules for file, Redis and PostgreSQL (issue 13 A).
 *
 * - The holder writes a new heartbeat every two seconds. A lock expires when its text has not changed for the lease, on the observer's
 *   monotonic clock. Wall clocks and file times are never compared, because they can be set.
 * - The lease is the core's `Policy::lease()`: 2 x `timeoutSeconds` + 60 s, longer than any refresh.
 * - After a stall the holder checks `isHeld()` before it sends. If it does not, its writes fail by the record's generation: each mark
 *   and each result names the generation that it replaces.
 */

/** @import { LockGrant } from "../index.js" */

/**
 * The operations of a lock's backend. Each is atomic.
 * @typedef {object} LeaseStore
 * @property {(owner: string, text: string, over: string) => Promise<Taken>} take  Takes the lock if it is free, or if its text is still `over`.
 * @property {(owner: string, text: string) => Promise<unknown>} beat  Only if this owner still has the lock.
 * @property {(owner: string) => Promise<boolean>} isHeld
 * @property {(owner: string) => Promise<unknown>} release  Only if this owner still has the lock.
 * @property {(text: string) => Promise<number>} [silenceNoted]  Milliseconds during which earlier observers saw that text.
 * @property {(text: string, silentMs: number) => Promise<unknown>} [noteSilence]  Stores the silence for the next waiting process.
 * @property {() => Promise<unknown>} [canStore]  Rejects if a result could not be stored. Called by a waiter from time to time.
 */
/**
 * `passedOn`: taken. `held`: the text of the other holder, and its lease if known; null: it changed meanwhile.
 * @typedef {{ passedOn: "released" | "dead" | "silent" } | { held: string | null, leaseMs?: number | undefined }} Taken
 */

/** The default lease: `Policy::lease()` for the default `timeoutSeconds`. */
export const DEFAULT_LEASE_SECONDS = 120;
/** Longer than `timeoutSeconds` allows: a lock text with a longer lease counts as one without. */
const LONGEST_LEASE_SECONDS = 86_400;
const BEAT_MS = 2000;
/** Minimum number of heartbeats per lease. */
const BEATS = 8;
/**
 * After a gap (the observer did not check, was stalled, or could not reach the store), the silence must last this much longer before it
 * counts. A holder that was stalled in the same gap then sends a heartbeat first, or saves its result, which it retries every eight seconds.
 */
const SETTLE_MS = 10_000;
/** Longer than the interval of two checks: ANSWER_LIMIT_MS and a pause. */
const GAP_MS = 6000;
/** Time limit of an operation, because clients queue commands silently while their server is away. */
const ANSWER_LIMIT_MS = 5000;
/** A timer that is late by this much means that the process was blocked or suspended. */
const STALLED_MS = 1000;
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 250;

/**
 * @param {LeaseStore} store
 * @param {number} [fixedSeconds]  The lease, instead of the caller's.
 */
export function lockByLease(store, fixedSeconds) {
  const silence = silenceOf(store);
  /**
   * Owners that are done, but whose release failed. Their result may be unsaved too: their lock excludes other processes until it expires,
   * and the next holder in this process gets it before that.
   * @type {Set<string>}
   */
  const unreleased = new Set();

  /**
   * Runs `work` while no other owner has the lock. Rejects if the store fails, or with the signal's reason.
   * @template T @param {(grant: Required<LockGrant>) => Promise<T>} work
   * @param {{ signal?: AbortSignal | undefined, leaseSeconds?: number | undefined }} [options] @returns {Promise<T>}
   */
  return async function lock(work, { signal, leaseSeconds } = {}) {
    const seconds = fixedSeconds ?? leaseSeconds ?? DEFAULT_LEASE_SECONDS;
    const owner = crypto.randomUUID();
    const passedOn = await take(owner, seconds, signal);
    const heart = beating(owner, seconds);
    try {
      return await work({ isHeld: () => answered(store.isHeld(owner)), passedOn });
    } finally {
      await heart.stop();
      await answered(store.release(owner)).catch(() => unreleased.add(owner));
    }
  };

  /** @param {string} owner @param {number} seconds @param {AbortSignal} [signal] */
  async function take(owner, seconds, signal) {
    let over = "";
    let askedMs = performance.now();
    try {
      for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(1.5 * pause, LONGEST_PAUSE_MS)) {
        signal?.throwIfAborted();
        for (const done of unreleased) {
          await answered(store.release(done), signal);
          unreleased.delete(done);
        }
        const taken = await tried(owner, textOf(owner, seconds, 0), over, signal);
        if ("passedOn" in taken) return taken.passedOn;
        over = "";
        if (taken.held !== null) {
          const isSilent = await silence.lasts(taken.held, taken.leaseMs ?? 1000 * seconds);
          if (isSilent) over = taken.held;
        }
        if (performance.now() - askedMs > SETTLE_MS) {
          await store.canStore?.();
          askedMs = performance.now();
        }
        if (!over) await passed(pause * (0.5 + Math.random()), signal);
      }
    } catch (error) {
      await silence.note();
      throw error;
    }
  }

  /** @param {string} owner @param {string} text @param {string} over @param {AbortSignal} [signal] */
  async function tried(owner, text, over, signal) {
    const asked = store.take(owner, text, over);
    try {
      return await answered(asked, signal);
    } catch (error) {
      if (!signal?.aborted) silence.forget();
      // The lock may be taken, and only the answer was lost or late.
      const late = () => store.release(owner);
      asked.then(late, late).catch(() => unreleased.add(owner));
      throw error;
    }
  }

  /** @param {string} owner @param {number} seconds */
  function beating(owner, seconds) {
    let count = 0;
    /** @type {Promise<unknown> | undefined} */
    let running;
    const beat = () => {
      // A failed heartbeat is followed by the next one.
      running ??= answered(store.beat(owner, textOf(owner, seconds, ++count)))
        .catch(() => {})
        .finally(() => (running = undefined));
    };
    const timer = /** @type {any} */ (setInterval(beat, beatMs(seconds)));
    timer.unref?.();
    return {
      /** Stops and waits for a running heartbeat, which would otherwise undo the release. */
      async stop() {
        clearInterval(timer);
        await running;
      },
    };
  }
}

/**
 * A holder's text. Its length is constant, because a file is overwritten in place.
 * @param {string} owner @param {number} seconds @param {number} beats
 */
const textOf = (owner, seconds, beats) => `${owner} ${seconds} ${String(beats).padStart(10, "0")}`;

/** The lease in a holder's text, or undefined. @param {string} text */
export function leaseMsIn(text) {
  const seconds = Number(/^[\da-f-]{36} (\d+(?:\.\d+)?) \d{10}\b/.exec(text)?.[1]);
  return seconds > 0 && seconds <= LONGEST_LEASE_SECONDS ? 1000 * seconds : undefined;
}

/** @param {number} seconds */
const beatMs = (seconds) => Math.min(BEAT_MS, (1000 * seconds) / BEATS);

/**
 * How long a lock's text has not changed. Kept between two waits, because a heartbeat in between would change the text.
 * @param {LeaseStore} store
 */
function silenceOf(store) {
  /** @type {string | undefined} */
  let text;
  let sinceMs = 0;
  let watchedMs = 0;
  let lookedMs = 0;

  return {
    /** One check: whether the text has not changed for longer than the lease. @param {string} held @param {number} leaseMs */
    async lasts(held, leaseMs) {
      if (held !== text) {
        const notedMs = (await store.silenceNoted?.(held)) ?? 0;
        text = held;
        watchedMs = lookedMs = performance.now();
        sinceMs = watchedMs - notedMs;
      }
      const nowMs = performance.now();
      if (nowMs - lookedMs > Math.min(GAP_MS, leaseMs)) watchedMs = nowMs;
      lookedMs = nowMs;
      return nowMs - sinceMs > leaseMs && nowMs - watchedMs >= Math.min(SETTLE_MS, leaseMs);
    },

    /** The store was unreachable: silence during that time does not count. */
    forget() {
      text = undefined;
    },

    /** Stores the silence for the next process: programs that run shorter than a lease would never see it expire. */
    async note() {
      const silentMs = lookedMs - sinceMs;
      if (text === undefined || silentMs < SETTLE_MS) return;
      await store.noteSilence?.(text, silentMs).catch(() => {}); // A missing note costs only time.
    },
  };
}

/** @template T @param {Promise<T>} order @param {AbortSignal} [signal] @returns {Promise<T>} */
function answered(order, signal) {
  return new Promise((resolve, reject) => {
    /** @type {any} */
    let timer;
    // After a stall, timers fire before answers that arrived meanwhile.
    const within = (/** @type {number} */ ms, stalledAt = performance.now() + ms + STALLED_MS) => {
      const late = () => {
        if (performance.now() >= stalledAt) return within(STALLED_MS);
        reject(new Error(`the lock did not answer in ${ANSWER_LIMIT_MS / 1000} seconds`));
      };
      timer = setTimeout(late, ms);
    };
    within(ANSWER_LIMIT_MS);
    const stop = () => reject(signal?.reason);
    signal?.addEventListener("abort", stop);
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    };
    order.then(resolve, reject).finally(done);
  });
}

/** @param {number} milliseconds @param {AbortSignal} [signal] @returns {Promise<void>} */
function passed(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop);
  });
}
