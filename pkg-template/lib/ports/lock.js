// @ts-check
/** @import { Lock, TokenStorage } from "../../index.js" */

/** @typedef {{ everywhere: boolean, release: () => void }} Held */

/** Shared by every copy of this package in the realm. */
const REGISTRY = Symbol.for("oauth-refresher.locks");

/**
 * One refresh at a time: first in this realm, then, where there is a lock that reaches further, in every context.
 * @param {Lock | "auto" | "none"} option @param {TokenStorage} storage @param {string} session  Names the session without a secret.
 */
export function lockPort(option, storage, session) {
  const ownLock = typeof option == "function" ? option : option == "auto" && storage.lock?.bind(storage);
  const name = `oauth-refresher:${fingerprint(session)}`;
  /** The page's lock manager threw: an insecure origin, a sandboxed frame, a browser that grants nothing. */
  let broken = false;
  const webLocks = () => (option == "auto" && !broken ? globalThis.navigator?.locks : undefined);

  /** @param {AbortSignal} signal @returns {Promise<Held>} */
  async function acquire(signal) {
    const leave = await enterRealm(storage.name === undefined ? storage : session, signal);
    try {
      return await acquireFurther(signal, leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** @param {AbortSignal} signal @param {() => void} leave @returns {Promise<Held>} */
  async function acquireFurther(signal, leave) {
    if (ownLock) return hold((work) => ownLock(work, { signal }), leave);
    const locks = webLocks();
    if (!locks) return { everywhere: false, release: leave };
    // a page that waits for a lock is kept out of the back/forward cache
    const waiting = new AbortController();
    const stop = () => waiting.abort();
    signal.throwIfAborted();
    signal.addEventListener("abort", stop);
    globalThis.addEventListener?.("pagehide", stop);
    try {
      return await hold((work) => locks.request(name, { signal: waiting.signal }, work), leave);
    } catch (error) {
      if (signal.aborted) throw error;
      if (!waiting.signal.aborted) {
        broken = true;
        return { everywhere: false, release: leave };
      }
      await new Promise((shown) => globalThis.addEventListener("pageshow", shown, { once: true }));
      return acquireFurther(signal, leave);
    } finally {
      globalThis.removeEventListener?.("pagehide", stop);
    }
  }

  return {
    acquire,
    get everywhere() {
      return !!(ownLock || webLocks());
    },
  };
}

/**
 * Turns "run this under the lock" into "here it is, let it go when you are done". A lock that is lost later says nothing: the
 * generation decides who may write.
 * @param {(work: (lock?: unknown) => Promise<void>) => Promise<unknown>} request @param {() => void} leave
 * @returns {Promise<Held>}
 */
function hold(request, leave) {
  return new Promise((resolve, reject) => {
    const work = (/** @type {unknown} */ lock) =>
      new Promise((/** @type {(nothing?: any) => void} */ done) => {
        const release = () => (done(), leave());
        // null: the browser ran the callback without the lock
        resolve({ everywhere: lock !== null, release });
      });
    // a lock that throws at once rejects like any other
    new Promise((settle) => settle(request(work))).catch(reject);
  });
}

/** @param {string | object} key @param {AbortSignal} signal @returns {Promise<() => void>} */
async function enterRealm(key, signal) {
  const realm = /** @type {any} */ (globalThis);
  const { named, unnamed } = (realm[REGISTRY] ??= { named: new Map(), unnamed: new WeakMap() });
  /** @type {Map<any, Promise<void>>} */
  const queues = typeof key == "string" ? named : unnamed;
  const before = queues.get(key);
  /** @type {() => void} */
  let leave = () => {};
  const turn = new Promise((/** @type {(nothing?: any) => void} */ resolve) => (leave = resolve));
  const whole = Promise.all([before, turn]).then(() => {
    if (queues.get(key) === whole) queues.delete(key);
  });
  queues.set(key, whole);
  try {
    await abortable(before, signal);
  } catch (error) {
    leave();
    throw error;
  }
  return leave;
}

/** @param {Promise<void> | undefined} waiting @param {AbortSignal} signal */
function abortable(waiting, signal) {
  if (!waiting || signal.aborted) return signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    waiting.then(resolve).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** FNV-1a: a lock's name is seen by every script of the origin. @param {string} text */
function fingerprint(text) {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(36);
}
