// @ts-check
/**
 * The lock across processes is a lease: one rule for file, Redis and PostgreSQL (issue 13 A).
 *
 * - The holder writes a new heartbeat every two seconds. A lock whose text did not change for longer than the lease, by the monotonic
 *   clock of the observer, passes on. Wall clocks and file times are never compared: each of them can be set.
 * - The lease is core's `Policy::lease()`: 2 x `timeoutSeconds` + 60 s, longer than anything a refresh may take.
 * - A holder that was stalled asks `isHeld()` before it sends. A stalled holder that does not ask is stopped by the record's
 *   generation: each mark and each result names the generation that it replaces.
 */

/** @import { LockGrant } from "../index.js" */

/**
 * What a place for locks must do. Each order is one atomic step there.
 * @typedef {object} LeaseStore
 * @property {(owner: string, text: string, over: string) => Promise<Taken>} take  Takes a lock that is free, or that still says `over`.
 * @property {(owner: string, text: string) => Promise<unknown>} beat  Only a lock that is still this owner's.
 * @property {(owner: string) => Promise<boolean>} isHeld
 * @property {(owner: string) => Promise<unknown>} release  Only a lock that is still this owner's.
 * @property {(text: string) => Promise<number>} [silenceNoted]  Milliseconds for which earlier observers saw that text.
 * @property {(text: string, silentMs: number) => Promise<unknown>} [noteSilence]  Told to the process that waits next.
 * @property {() => Promise<unknown>} [canStore]  Rejects if what the lock is wanted for cannot be stored. A waiter asks now and then.
 */
/**
 * `passedOn`: it is ours. `held`: what the other holder says, and its lease if it is known; null: it changed meanwhile.
 * @typedef {{ passedOn: "released" | "dead" | "silent" } | { held: string | null, leaseMs?: number | undefined }} Taken
 */

/** The lease where nothing was said: `Policy::lease()` for the default `timeoutSeconds`. */
export const DEFAULT_LEASE_SECONDS = 120;
/** Longer than `timeoutSeconds` can ask for in earnest: a lock that says more is taken to say nothing. */
const LONGEST_LEASE_SECONDS = 86_400;
const BEAT_MS = 2000;
/** Several beats fit into a lease, however short it is. */
const BEATS = 8;
/**
 * After a gap (the observer did not look, was stalled, or could not reach the store) the silence must go on for this long before it
 * counts: a holder that was stalled in the same gap beats first, or saves what it has, which it tries every eight seconds.
 */
const SETTLE_MS = 10_000;
/** Longer than a look takes: ANSWER_LIMIT_MS and a pause. */
const GAP_MS = 6000;
/** Clients of servers keep an order without a word until their server is back. After this long it has failed. */
const ANSWER_LIMIT_MS = 5000;
/** A timer that is late by this much belongs to a process that was blocked or suspended. */
const STALLED_MS = 1000;
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 250;

/**
 * @param {LeaseStore} store
 * @param {number} [fixedSeconds]  The lease, whatever the caller of `lock` says.
 */
export function lockByLease(store, fixedSeconds) {
  const silence = silenceOf(store);
  /**
   * Owners that are done, but could not say so. What they brought may be unsaved as well: their lock keeps others out for the lease, and
   * the next holder in this process may have it before that.
   * @type {Set<string>}
   */
  const unreleased = new Set();

  /**
   * Runs `work` while no other owner has the lock. Rejects when the store fails, or with the signal's reason.
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
      // it may be ours, and only the answer was lost, or comes after the caller gave up
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
      // a beat that fails is followed by the next one
      running ??= answered(store.beat(owner, textOf(owner, seconds, ++count)))
        .catch(() => {})
        .finally(() => (running = undefined));
    };
    const timer = /** @type {any} */ (setInterval(beat, beatMs(seconds)));
    timer.unref?.();
    return {
      /** No beat comes after this, not even a late one: it would undo the release. */
      async stop() {
        clearInterval(timer);
        await running;
      },
    };
  }
}

/**
 * What a holder writes. The width does not depend on the number of beats: a file is written over in place.
 * @param {string} owner @param {number} seconds @param {number} beats
 */
const textOf = (owner, seconds, beats) => `${owner} ${seconds} ${String(beats).padStart(10, "0")}`;

/** The lease that a holder's text states, or undefined. @param {string} text */
export function leaseMsIn(text) {
  const seconds = Number(/^[\da-f-]{36} (\d+(?:\.\d+)?) \d{10}\b/.exec(text)?.[1]);
  return seconds > 0 && seconds <= LONGEST_LEASE_SECONDS ? 1000 * seconds : undefined;
}

/** @param {number} seconds */
const beatMs = (seconds) => Math.min(BEAT_MS, (1000 * seconds) / BEATS);

/**
 * For how long a lock has said the same. Kept between two waits: a heartbeat in between would show.
 * @param {LeaseStore} store
 */
function silenceOf(store) {
  /** @type {string | undefined} */
  let text;
  let sinceMs = 0;
  let watchedMs = 0;
  let lookedMs = 0;

  return {
    /** Looks once: whether that text has lasted for longer than the lease. @param {string} held @param {number} leaseMs */
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

    /** The store could not be asked: silence that could not be heard does not count. */
    forget() {
      text = undefined;
    },

    /** For the next process: a program that lives for less than a lease would wait for ever. */
    async note() {
      const silentMs = lookedMs - sinceMs;
      if (text === undefined || silentMs < SETTLE_MS) return;
      await store.noteSilence?.(text, silentMs).catch(() => {}); // a note that is missing costs time and no session
    },
  };
}

/** @template T @param {Promise<T>} order @param {AbortSignal} [signal] @returns {Promise<T>} */
function answered(order, signal) {
  return new Promise((resolve, reject) => {
    /** @type {any} */
    let timer;
    // A process that was stalled hears its timers before the answers that came meanwhile.
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
