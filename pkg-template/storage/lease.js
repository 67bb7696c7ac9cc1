// @ts-check

/**
 * A lock that ends by itself: it names its owner, and is gone a while after the owner was last heard. Each order is one step of
 * the server and goes by the server's clock, so those of the machines may differ.
 * @typedef {object} Lease
 * @property {(owner: string, milliseconds: number) => Promise<boolean>} take  Whether it is this owner's from now on.
 * @property {(owner: string, milliseconds: number) => Promise<unknown>} renew  Only what is still this owner's.
 * @property {(owner: string) => Promise<unknown>} release  Only what is still this owner's.
 */

/**
 * Whoever finds the mark of another under this lock takes its writer for dead, and sends the refresh token once more: so a lease
 * must outlive the longest refresh, which is `timeoutSeconds` (30 by default) and what the storage takes before and after.
 */
const LEASE_SECONDS = 35;
/** Three beats may be missed: a server that restarts, a process that collects its garbage. */
const BEATS = 4;
/** Clients keep an order without a word until their server is back. After so long it has failed, and the caller is told. */
const ANSWER_LIMIT_MS = 5000;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 400;

/**
 * Runs work while no other owner has the lease. Rejects when the server fails, or with the signal's reason.
 *
 * A lease goes on ending while the server is away, and its owner cannot renew it. So whoever saw that waits for one lease more where
 * the mark of a refresh is stored: its writer may have the reply, and nothing but the save is missing.
 * @param {Lease} lease @param {() => Promise<boolean>} isMarked @param {number} [seconds]
 */
export function lockByLease(lease, isMarked, seconds = LEASE_SECONDS) {
  const milliseconds = Math.round(seconds * 1000);
  /** Until when an owner whose lease ended may still come back. */
  let awayUntil = -Infinity;
  /**
   * Owners that are done, while the server was away. What they brought may be unsaved as well: so the lease keeps others out for its
   * time, and only who comes next in this place may have the lock before.
   * @type {Set<string>}
   */
  const unreleased = new Set();

  return { lock, watched };

  /** @template T @param {() => Promise<T>} work @param {{ signal: AbortSignal }} options @returns {Promise<T>} */
  async function lock(work, { signal }) {
    const owner = crypto.randomUUID();
    await take(owner, signal);
    // one that fails is followed by the next; one that comes too late changes nothing
    const renew = () => answered(lease.renew(owner, milliseconds)).catch(() => {});
    const beat = /** @type {any} */ (setInterval(renew, milliseconds / BEATS));
    beat.unref?.();
    try {
      return await work();
    } finally {
      clearInterval(beat);
      await answered(lease.release(owner)).catch(() => unreleased.add(owner));
    }
  }

  /** Every order of the storage, for what its answer says of the server. @template T @param {Promise<T>} order @returns {Promise<T>} */
  async function watched(order) {
    const begun = performance.now();
    let isAway = true;
    try {
      const answer = await order;
      // clients keep an order until the server is back
      isAway = performance.now() - begun > milliseconds / BEATS;
      return answer;
    } finally {
      if (isAway) awayUntil = performance.now() + milliseconds;
    }
  }

  /** @param {string} owner @param {AbortSignal} signal */
  async function take(owner, signal) {
    // what may be unsaved is this place's own
    const isOurs = unreleased.size > 0;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(1.5 * pause, LONGEST_PAUSE_MS)) {
      signal?.throwIfAborted();
      for (const done of unreleased) {
        await answered(lease.release(done), signal);
        unreleased.delete(done);
      }
      if (!isOurs && performance.now() < awayUntil && (await answered(isMarked(), signal))) {
        await passed(pause, signal);
        continue;
      }
      const asked = lease.take(owner, milliseconds);
      try {
        if (await answered(asked, signal)) return;
      } catch (error) {
        // it may be ours, and only the answer was lost, or comes when nobody waits any more
        const late = () => lease.release(owner);
        asked.then(late, late).catch(() => unreleased.add(owner));
        throw error;
      }
      await passed(pause * (0.5 + Math.random()), signal);
    }
  }
}

/** @template T @param {Promise<T>} order @param {AbortSignal} [signal] @returns {Promise<T>} */
function answered(order, signal) {
  return new Promise((resolve, reject) => {
    const late = () =>
      reject(new Error(`the lock's server did not answer in ${ANSWER_LIMIT_MS / 1000} seconds`));
    const timer = setTimeout(late, ANSWER_LIMIT_MS);
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
