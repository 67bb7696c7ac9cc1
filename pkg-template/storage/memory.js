// @ts-check
/** @import { memoryStorage as declared } from "./index.js" */

/** @type {typeof declared} */
export function memoryStorage() {
  /** The record as JSON, so that later changes of a caller's object do not affect it. @type {string | null} */
  let stored = null;
  /** @type {number | null} */
  let generation = null;
  /** @type {Set<(generation?: number) => void>} */
  const listeners = new Set();

  return {
    conditionalSave: true,

    load: () => (stored === null ? null : JSON.parse(stored)),

    save(record, expected) {
      if (generation !== expected) return false;
      stored = record && JSON.stringify(record);
      generation = record && record.generation;
      // Not synchronously: the caller has not finished its write.
      for (const changed of listeners)
        queueMicrotask(() => listeners.has(changed) && changed(record?.generation));
      return true;
    },

    // No lock needed: all users are in this realm, where refreshers with the same storage share a queue.
    lock: (work) => work(),

    subscribe(changed) {
      /** @param {number} [generation] */
      const listener = (generation) => changed(generation);
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
