// @ts-check
import { generationOf } from "../storage/record.js";

/** @import { TokenStorage } from "../index.js" */

const KEY = "oauth-refresher";

/** One for each object's storage: refreshers of one object take turns by it. @type {WeakMap<object, TokenStorage>} */
const made = new WeakMap();

/** @param {any} storage  A DurableObjectStorage. @returns {TokenStorage} */
export function durableObjectStorage(storage) {
  if (typeof storage?.transaction != "function")
    throw new TypeError("durableObjectStorage: write the object's `ctx.storage`");
  let one = made.get(storage);
  if (!one) made.set(storage, (one = record(storage)));
  return one;
}

/** @param {any} storage @returns {TokenStorage} */
const record = (storage) => ({
  conditionalSave: true,
  load: async () => (await storage.get(KEY)) ?? null,

  // What the object sends waits until what it wrote is on disk (output gates): the mark is, before the token leaves.
  save: (record, expected) =>
    storage.transaction(async (/** @type {any} */ rows) => {
      const held = await rows.get(KEY);
      if (generationOf(held) !== expected) return false;
      await (record ? rows.put(KEY, record) : rows.delete(KEY));
      return true;
    }),

  // The object is the only one there is, and in it refreshers of one storage take turns anyway.
  lock: (work) => work(),
});
