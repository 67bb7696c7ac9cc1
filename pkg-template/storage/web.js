// @ts-check
/** @import { webStorage as declared } from "./index.js" */

/** @type {typeof declared} */
export function webStorage(area, key) {
  if (typeof area?.getItem != "function" || typeof area.setItem != "function")
    throw new TypeError("webStorage: area must be localStorage or sessionStorage");
  if (!key || typeof key != "string") throw new TypeError("webStorage: key must be a non-empty string");

  return {
    get name() {
      const kind = ["local", "session"].find((kind) => isGlobal(kind + "Storage", area));
      return kind && `web:${kind}:${key}`;
    },

    conditionalSave: true,

    load() {
      const text = area.getItem(key);
      if (text === null) return null;
      try {
        return JSON.parse(text);
      } catch {
        // without the engine's own message: it quotes what it could not read
        throw new SyntaxError(`webStorage: what is stored under "${key}" is not JSON`);
      }
    },

    // one synchronous block: no other code of this page runs between the comparison and the write
    save(record, expected) {
      const text = area.getItem(key);
      const held = generationOf(text);
      if (held !== expected) return false;
      // not ours, or damaged: a login may take its place, but what it was stays to be looked at
      if (text !== null && held === null) area.setItem(`${key}.unreadable`, text);
      if (record) area.setItem(key, JSON.stringify(record));
      else area.removeItem(key);
      return true;
    },

    subscribe(changed) {
      /** @param {StorageEvent} event  Its key is null after clear(). */
      const heard = (event) => {
        if ((event.key === key || event.key === null) && event.storageArea === area) changed();
      };
      globalThis.addEventListener?.("storage", heard);
      return () => globalThis.removeEventListener?.("storage", heard);
    },
  };
}

/** The generation of any record, of whatever format; null for what is none. @param {string | null} text */
function generationOf(text) {
  try {
    const generation = JSON.parse(text ?? "null")?.generation;
    return typeof generation == "number" ? generation : null;
  } catch {
    return null;
  }
}

/** @param {string} name @param {unknown} area */
function isGlobal(name, area) {
  try {
    return /** @type {any} */ (globalThis)[name] === area;
  } catch {
    return false; // a sandboxed frame may not even look
  }
}
