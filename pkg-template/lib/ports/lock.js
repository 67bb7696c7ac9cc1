// @ts-check
import { bounded } from "./bounded.js";

/** @import { Lock, LockGrant, TokenStorage } from "../../index.js" */

/**
 * `isHeld`: whether no other context has got the lock; true for a released lock.
 * @typedef {{ everywhere: boolean, passedOn?: LockGrant["passedOn"], isHeld?: () => Promise<boolean>, release: () => void }} Held
 */

/** A context that has not stalled for this long since its last check still holds the lock: every lease is longer. */
const STALLED_MS = 1000;
const ANSWER_SECONDS = 10;

/** On Workers: interval of the check whether the request at the head of the queue is gone. */
const WATCH_MS = 250;

/** Shared by every copy of this package in the realm. */
const REGISTRY = Symbol.for("oauth-refresher.locks");

/**
 * One refresh at a time: first in this realm, then across contexts, if there is a lock for that.
 * @param {Lock | "auto" | "none"} option @param {TokenStorage} storage @param {string} session  Name of the session, without a secret.
 * @param {boolean} [isWorkerd]  Queued requests may be cancelled there.
 */
export function lockPort(option, storage, session, isWorkerd) {
  const ownLock = typeof option == "function" ? option : option == "auto" && storage.lock?.bind(storage);
  const name = `oauth-refresher:${fingerprint(session)}`;
  /** Whether the page's lock manager threw: an insecure origin, a sandboxed frame, a browser that grants no lock. */
  let broken = false;
  const webLocks = () => (option == "auto" && !broken ? globalThis.navigator?.locks : undefined);

  /** @param {AbortSignal} signal @param {number} leaseSeconds  Longest time that a running holder keeps the lock. @returns {Promise<Held>} */
  async function acquire(signal, leaseSeconds) {
    const leave = await enterRealm(
      storage.name === undefined ? storage : session,
      signal,
      leaseSeconds * 1000,
      isWorkerd,
    );
    return acquireFurther(signal, leaseSeconds, leave).catch((error) => {
      leave();
      throw error;
    });
  }

  /** @param {AbortSignal} signal @param {number} leaseSeconds @param {() => void} leave @returns {Promise<Held>} */
  async function acquireFurther(signal, leaseSeconds, leave) {
    if (ownLock) return hold((work) => ownLock(work, { signal, leaseSeconds }), leave);
    const locks = webLocks();
    if (!locks) return { everywhere: false, release: leave };
    // Waiting for a lock would keep the page out of the back/forward cache.
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
      return acquireFurther(signal, leaseSeconds, leave);
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
 * Turns a lock with a callback into a lock with `release`. If the lease ended while this context was stalled, the next `isHeld` finds it.
 * @param {(work: (lock?: any) => Promise<void>) => Promise<unknown>} request @param {() => void} leave
 * @returns {Promise<Held>}
 */
function hold(request, leave) {
  return new Promise((resolve, reject) => {
    const work = (/** @type {any} */ lock) =>
      new Promise((/** @type {(nothing?: any) => void} */ done) => {
        let knownAt = Date.now();
        const isHeld = async () =>
          !lock?.isHeld ||
          Math.abs(Date.now() - knownAt) < STALLED_MS ||
          ((knownAt = Date.now()), bounded(lock.isHeld(), ANSWER_SECONDS, "the lock did not answer in time"));
        // null: the browser ran the callback without the lock.
        resolve({
          everywhere: lock !== null,
          passedOn: lock?.passedOn,
          isHeld,
          release: () => ((lock = undefined), done(), leave()),
        });
      });
    // A lock that throws synchronously rejects too.
    new Promise((settle) => settle(request(work))).catch(reject);
  });
}

/**
 * Waits in a queue and returns when it is first. The queue is plain data: on Workers a queued request may be cancelled silently with all
 * its promises. It is skipped when its time is over.
 * @param {string | object} key @param {AbortSignal} signal @param {number} leaseMs @param {boolean} [isWorkerd]
 * @returns {Promise<() => void>}
 */
async function enterRealm(key, signal, leaseMs, isWorkerd) {
  const realm = /** @type {any} */ (globalThis);
  // On Workers a queue of cancelled requests is not removed; a storage's queue is collected with the storage.
  const lines = (realm[REGISTRY] ??= { string: new Map(), object: new WeakMap() })[typeof key];
  /** @type {{ wake: () => void, until: number }[]} */
  const line = lines.get(key) ?? [];
  lines.set(key, line);
  const me = { wake: () => {}, until: Date.now() + leaseMs };
  line.push(me);

  const leave = (one = me) => {
    const at = line.indexOf(one);
    if (at < 0) return;
    line.splice(at, 1);
    if (!line[0]) return void lines.delete(key);
    if (at > 0) return;
    line[0].until = Date.now() + leaseMs;
    line[0].wake();
  };
  /** @type {any} */
  let watch;
  try {
    await new Promise((first, reject) => {
      if (line[0] == me) return first(undefined);
      const stop = () => reject(signal.reason);
      if (signal.aborted) return stop();
      signal.addEventListener("abort", stop, { once: true });
      me.wake = () => (signal.removeEventListener("abort", stop), first(undefined));
      if (isWorkerd) watch = setInterval(() => line[0].until < Date.now() && leave(line[0]), WATCH_MS);
    });
  } catch (error) {
    leave();
    throw error;
  } finally {
    clearInterval(watch);
  }
  return () => leave();
}

/** FNV-1a, because every script of the origin can see the names of locks. @param {string} text */
function fingerprint(text) {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(36);
}
