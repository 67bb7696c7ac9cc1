// @ts-check
import { asGiven } from "../lib/given.js";
import { noOptions } from "../lib/known.js";
import { generationOf } from "./record.js";
import { sentTokens } from "./web-clones.js";
import { SPREAD_MS, marksOf } from "./web-marks.js";

/** @import { TokenRecord } from "../index.js" */
/** @import { webStorage as declared } from "./index.js" */

/** @type {typeof declared} */
export function webStorage(area, key, ...others) {
  if (typeof area?.getItem != "function" || typeof area.setItem != "function")
    throw new TypeError(`webStorage: area must be localStorage or sessionStorage ${asGiven(area)}`);
  if (!key || typeof key != "string")
    throw new TypeError(`webStorage: key must be a non-empty string ${asGiven(key)}`);

  noOptions("webStorage", others);

  const unreadable = `${key}.unreadable`;
  const marks = isGlobal("localStorage", area)
    ? marksOf(key, () => stampOf(area.getItem(key)), isLater)
    : undefined;
  const sent = isGlobal("sessionStorage", area) ? sentTokens(key) : undefined;
  /** A refresh token that another tab has sent: not usable any more. @type {unknown} */
  let spent;

  function read() {
    const text = area.getItem(key);
    if (text === null) return null;
    try {
      const record = JSON.parse(text);
      if (spent && record?.tokens?.refresh_token === spent) delete record.tokens.refresh_token;
      return record;
    } catch {
      // Without the engine's message, which quotes the text.
      throw new SyntaxError(`webStorage: what is stored under "${key}" is not JSON`);
    }
  }

  /** Compares and writes in one synchronous block. @param {TokenRecord | null} record @param {number | null} expected */
  function write(record, expected) {
    const text = area.getItem(key);
    const held = generationIn(text);
    if (held !== expected) return false;
    if (!record) {
      area.removeItem(key);
      area.removeItem(unreadable);
      return true;
    }
    // Foreign or damaged: a login replaces it, and a copy is kept.
    if (text !== null && held === null) area.setItem(unreadable, text);
    area.setItem(key, JSON.stringify(record));
    return true;
  }

  /**
   * Writes under a Web Lock. Without it, two tabs that wrote at once both succeeded in 34 of 60 tries.
   * @param {ReturnType<typeof marksOf>} marks @param {TokenRecord | null} record @param {number | null} expected
   */
  async function writeAlone(marks, record, expected) {
    let begun = false;
    try {
      return await navigator.locks.request(`oauth-refresher.write ${key}`, async () => {
        begun = true;
        // A comparison with a stale value would undo another tab's login.
        await marks.arrived(SPREAD_MS);
        return write(record, expected) && (await marks.leave());
      });
    } catch (error) {
      if (begun) throw error;
      return write(record, expected); // A sandboxed frame has no locks, and shares with no tab.
    }
  }

  /**
   * Writes in sessionStorage: a duplicated tab has its own record with the same refresh token.
   * @param {ReturnType<typeof sentTokens>} sent @param {TokenRecord | null} record @param {number | null} expected
   */
  async function writeOnce(sent, record, expected) {
    const replaced = generationIn(area.getItem(key)) === null ? null : read();
    if (record?.pending && (await sent.elsewhere(record, replaced))) {
      spent = record.tokens.refresh_token;
      return false;
    }
    if (!write(record, expected)) return false;
    await sent.saved(record, replaced);
    return true;
  }

  return {
    get name() {
      const kind = ["local", "session"].find((kind) => isGlobal(kind + "Storage", area));
      return kind && `web:${kind}:${key}`;
    },

    conditionalSave: true,

    peek: read,

    load: () => (marks && globalThis.navigator?.locks ? marks.arrived().then(read) : read()),

    save(record, expected) {
      if (sent) return writeOnce(sent, record, expected);
      if (!marks || !globalThis.navigator?.locks) return write(record, expected);
      return writeAlone(marks, record, expected);
    },

    subscribe(changed) {
      /** @param {StorageEvent} event  Its key is null after clear(). */
      const heard = (event) => {
        if ((event.key === key || event.key === null) && event.storageArea === area) changed();
      };
      /** @param {PageTransitionEvent} event  A page in the back/forward cache receives no events. */
      const shown = ({ persisted }) => persisted && changed();
      globalThis.addEventListener?.("storage", heard);
      globalThis.addEventListener?.("pageshow", shown);
      return () => {
        globalThis.removeEventListener?.("storage", heard);
        globalThis.removeEventListener?.("pageshow", shown);
      };
    },
  };
}

/** @param {string | null} text */
function generationIn(text) {
  try {
    return generationOf(JSON.parse(text ?? "null"));
  } catch {
    return null;
  }
}

/** Identifies a record without a secret. @param {string | null} text */
function stampOf(text) {
  try {
    const { generation, obtained_at } = JSON.parse(text ?? "");
    return `${generation}@${obtained_at}`;
  } catch {
    return "none";
  }
}

/** By generation, which grows. @param {string} shown @param {string} stamp */
const isLater = (shown, stamp) => parseInt(shown) > parseInt(stamp);

/** @param {string} name @param {unknown} area */
function isGlobal(name, area) {
  try {
    return /** @type {any} */ (globalThis)[name] === area;
  } catch {
    return false; // A sandboxed frame may not access it.
  }
}
