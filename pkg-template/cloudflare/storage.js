// @ts-check
import { generationOf } from "../storage/record.js";

/** @import { TokenStorage } from "../index.js" */

const KEY = "oauth-refresher";

/** One per object's storage: refreshers of one object share a queue by it. @type {WeakMap<object, TokenStorage>} */
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

  // Output gates delay requests until earlier writes are on disk: so the mark is stored before the refresh token is sent.
  save: (record, expected) =>
    storage.transaction(async (/** @type {any} */ rows) => {
      const held = await rows.get(KEY);
      if (generationOf(held) !== expected) return false;
      await (record ? rows.put(KEY, record) : rows.delete(KEY));
      return true;
    }),

  // No lock needed: there is one object, in which refreshers with the same storage share a queue.
  lock: (work) => work(),
});
