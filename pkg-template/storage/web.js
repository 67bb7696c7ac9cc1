// @ts-check
/** @import { TokenRecord } from "../index.js" */
/** @import { webStorage as declared } from "./index.js" */

/** @type {typeof declared} */
export function webStorage(area, key) {
  if (typeof area?.getItem != "function" || typeof area.setItem != "function")
    throw new TypeError("webStorage: area must be localStorage or sessionStorage");
  if (!key || typeof key != "string") throw new TypeError("webStorage: key must be a non-empty string");

  const marks = isGlobal("localStorage", area) ? marksOf(key, () => stampOf(area.getItem(key))) : undefined;

  function read() {
    const text = area.getItem(key);
    if (text === null) return null;
    try {
      return JSON.parse(text);
    } catch {
      // without the engine's own message: it quotes what it could not read
      throw new SyntaxError(`webStorage: what is stored under "${key}" is not JSON`);
    }
  }

  /** One synchronous block: no other code of this page runs between the comparison and the write. @param {TokenRecord | null} record @param {number | null} expected */
  function write(record, expected) {
    const text = area.getItem(key);
    const held = generationOf(text);
    if (held !== expected) return false;
    // not ours, or damaged: a login may take its place, but what it was stays to be looked at
    if (text !== null && held === null) area.setItem(`${key}.unreadable`, text);
    if (record) area.setItem(key, JSON.stringify(record));
    else area.removeItem(key);
    return true;
  }

  /**
   * Of two tabs that compared and wrote at once, both were told "written" in 34 of 60 tries: here no other tab runs in between.
   * @param {ReturnType<typeof marksOf>} marks @param {TokenRecord | null} record @param {number | null} expected
   */
  async function writeAlone(marks, record, expected) {
    let begun = false;
    try {
      return await navigator.locks.request(`oauth-refresher.write ${key}`, async () => {
        begun = true;
        await marks.arrived();
        return write(record, expected) && (await marks.leave());
      });
    } catch (error) {
      if (begun) throw error;
      return write(record, expected); // a sandboxed frame has no locks, and no tab to share with
    }
  }

  return {
    get name() {
      const kind = ["local", "session"].find((kind) => isGlobal(kind + "Storage", area));
      return kind && `web:${kind}:${key}`;
    },

    conditionalSave: true,

    load: () => (marks && globalThis.navigator?.locks ? marks.arrived().then(read) : read()),

    save(record, expected) {
      if (!marks || !globalThis.navigator?.locks) return write(record, expected);
      return writeAlone(marks, record, expected);
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

/** Tells one record from another without a secret. @param {string | null} text */
function stampOf(text) {
  try {
    const { generation, obtained_at } = JSON.parse(text ?? "");
    return `${generation}@${obtained_at}`;
  } catch {
    return "none";
  }
}

/** A mark older than this says nothing: what was written is everywhere. */
const SPREAD_MS = 1000;
const PATIENCE_MS = 500;

/**
 * A write to localStorage goes to the other processes of a browser by another way than a lock does: of 600 turns that two tabs of
 * Chromium took under one Web Lock, 195 read what had been there before. So each write leaves a mark that is a lock itself, and
 * a read waits until the area shows what the newest mark names.
 * @param {string} key @param {() => string} shown
 */
function marksOf(key, shown) {
  const prefix = `oauth-refresher.wrote ${key} `;
  let drop = () => {};

  async function newest() {
    const { held = [] } = await navigator.locks.query();
    let last = { at: Date.now() - SPREAD_MS, stamp: "" };
    for (const { name = "" } of held) {
      if (!name.startsWith(prefix)) continue;
      const [at, stamp = ""] = name.slice(prefix.length).split(" ");
      if (Number(at) >= last.at) last = { at: Number(at), stamp };
    }
    return last.stamp;
  }

  return {
    async arrived() {
      try {
        // asking again is what waits: a timer of a hidden page would take a second
        for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
          const stamp = await newest();
          if (!stamp || stamp == shown()) return;
        }
      } catch {} // a sandboxed frame has no locks, and no tab to share with
    },

    /** @returns {Promise<true>}  Once every later look at the locks sees the mark. */
    leave: () =>
      new Promise((left) => {
        const held = () =>
          new Promise((/** @type {(nothing?: any) => void} */ done) => {
            drop();
            drop = done;
            /** @type {any} */ (setTimeout(done, SPREAD_MS)).unref?.();
            left(true);
          });
        const name = `${prefix}${Date.now()} ${shown()}`;
        navigator.locks.request(name, { mode: "shared" }, held).catch(() => left(true));
      }),
  };
}

/** @param {string} name @param {unknown} area */
function isGlobal(name, area) {
  try {
    return /** @type {any} */ (globalThis)[name] === area;
  } catch {
    return false; // a sandboxed frame may not even look
  }
}
