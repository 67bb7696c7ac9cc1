// @ts-check
export { memoryStorage } from "./memory.js";
export { webStorage } from "./web.js";
export { indexedDbStorage } from "./indexeddb.js";
export { callbackStorage } from "./callback.js";
