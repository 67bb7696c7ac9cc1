// @ts-check
import { noOptions } from "../lib/known.js";
import { memoryStorage as inMemory } from "./memory.js";

/** @import { memoryStorage as declared } from "./index.js" */

export { webStorage } from "./web.js";
export { indexedDbStorage } from "./indexeddb.js";
export { callbackStorage } from "./callback.js";

// Not in memory.js: every page has that one.
/** @type {typeof declared} */
export function memoryStorage(...given) {
  noOptions("memoryStorage", given);
  return inMemory();
}
