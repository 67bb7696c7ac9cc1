// @ts-check
import { RefreshError } from "../lib/error.js";

/** @import { Lock } from "../index.js" */

/** Time limit from taking the lock to opening a browser: the SDK discovers and registers, and may fail. */
const PREPARATION_SECONDS = 30;
/** Interval of the check for a session during the wait: a login may end in a process without the lock, which received the redirect. */
const LOOK_MS = 1000;
/** The SDKs' default time limit of a call. A browser must not open for a call that has already failed. */
const CALL_MS = 60_000;
/** With a longer delay, setTimeout fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * One of several processes logs in, under the lock. The others wait and adopt its session. The lock is held from the moment an SDK may open
 * a browser until there are tokens, at most `limitSeconds`. Calls of the process that holds it do not wait: each of them may tell the
 * application that a login is needed.
 * @param {Lock | undefined} lock @param {number} limitSeconds
 */
export function loginTurns(lock, limitSeconds) {
  /** The lock, held or waited for. @type {{ held: Promise<() => void>, waiting: number, giveUp: () => void, isTaken?: boolean, isOpened?: boolean, limit?: any } | undefined} */
  let turn;

  function end() {
    const ended = turn;
    turn = undefined;
    clearTimeout(ended?.limit);
    ended?.giveUp();
    ended?.held.then((release) => release()).catch(() => {});
  }

  /** Ends the turn after a time limit. In Node, its timer does not keep the process running. @param {number} seconds */
  function limit(seconds) {
    if (!turn) return;
    clearTimeout(turn.limit);
    turn.limit = setTimeout(end, Math.min(seconds * 1000, LONGEST_MS));
    turn.limit.unref?.();
  }

  /** @param {Lock} lock @returns {NonNullable<typeof turn>} */
  function begun(lock) {
    const waiting = new AbortController();
    const held = acquired(lock, waiting.signal);
    return { held, waiting: 0, giveUp: () => waiting.abort() };
  }

  return {
    end,

    /** A browser is open. */
    opened() {
      if (turn) turn.isOpened = true;
      limit(limitSeconds);
    },

    /** No browser was opened: the next process may log in. */
    failed() {
      if (turn && !turn.isOpened) end();
    },

    /**
     * Whether there is a session now. If not, the caller logs in, and other processes wait until `end`.
     * @param {AbortSignal | null | undefined} signal @param {() => Promise<boolean>} isThere
     */
    async adopted(signal, isThere) {
      if (await isThere()) return true;
      if (!lock) return false;
      const beganAt = performance.now();
      const own = (turn ??= begun(lock));
      own.waiting += 1;
      const giveUp = () => own.waiting === 1 && own === turn && end();
      try {
        while (!(await unlessAborted(heldSoon(own.held), signal)))
          if (await isThere().catch(() => false)) {
            giveUp();
            return true;
          }
      } catch (error) {
        giveUp();
        throw error;
      } finally {
        own.waiting -= 1;
      }
      if (own === turn && own.limit === undefined) limit(PREPARATION_SECONDS);
      const found = await isThere().catch((error) => {
        end();
        throw error;
      });
      if (found) end();
      else if (performance.now() - beganAt > CALL_MS) {
        if (own === turn && !own.waiting && !own.isTaken) end();
        throw new RefreshError({
          code: "lock_timeout",
          error_description: "another process began a login and did not end it",
        });
      } else own.isTaken = true;
      return found;
    },
  };
}

/** Whether the lock is held within LOOK_MS. @param {Promise<unknown>} held @returns {Promise<boolean>} */
const heldSoon = (held) =>
  new Promise((resolve) => {
    const look = setTimeout(() => resolve(false), LOOK_MS);
    held.then(() => {
      clearTimeout(look);
      resolve(true);
    });
  });

/** Takes the lock and returns its release. If the lock fails, the login proceeds without it. @param {Lock} lock @param {AbortSignal} signal @returns {Promise<() => void>} */
const acquired = (lock, signal) =>
  new Promise((resolve) => {
    const held = () => new Promise((release) => resolve(() => release(undefined)));
    Promise.resolve()
      .then(() => lock(held, { signal }))
      .catch(() => resolve(() => {}));
  });

/** @template T @param {Promise<T>} work @param {AbortSignal | null | undefined} signal @returns {Promise<T>} */
async function unlessAborted(work, signal) {
  if (!signal) return work;
  signal.throwIfAborted();
  /** @type {() => void} */
  let stop = () => {};
  const aborted = new Promise((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, /** @type {Promise<never>} */ (aborted)]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
