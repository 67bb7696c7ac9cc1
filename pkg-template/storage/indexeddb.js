// @ts-check
import { asGiven } from "../lib/given.js";
import { checkKnown, flag } from "../lib/known.js";
import { open, send } from "./indexeddb-connection.js";
import { decrypt, encrypt } from "./indexeddb-cipher.js";
import { generationOf } from "./record.js";

/** @import { TokenRecord } from "../index.js" */
/** @import { indexedDbStorage as declared } from "./index.js" */
/** @import { Encrypted } from "./indexeddb-cipher.js" */

/** @type {typeof declared} */
export function indexedDbStorage(name, options = {}) {
  if (!name || typeof name != "string")
    throw new TypeError(`indexedDbStorage: name must be a non-empty string ${asGiven(name)}`);
  checkKnown("indexedDbStorage", options, { encrypt: flag });
  const database = open(name);
  const hints = channel(`oauth-refresher:${name}`, () => database.close());
  /** The IV of the value that could not be decrypted; each write has a new one. @type {string | undefined} */
  let unreadable;

  async function load() {
    const value = await database("readonly", ["sessions"], (tx, settle) =>
      send(tx.objectStore("sessions").get("session"), settle),
    );
    if (value && options.encrypt && !value.ciphertext)
      throw new Error(`indexedDbStorage: what "${name}" holds is not encrypted, and is not accepted`);
    if (!value?.ciphertext) return value ?? null;
    const record = await decrypt(database, value);
    if (record) return record;
    unreadable = String(value.iv);
    throw new Error(
      `indexedDbStorage: what "${name}" holds cannot be decrypted: its key is gone, or it was changed`,
    );
  }

  return {
    name: `idb:${name}`,
    conditionalSave: true,
    load,

    async save(record, expected) {
      // Encrypt before the transaction: one without pending requests commits by itself.
      const value = record && options.encrypt ? await encrypt(database, record) : record;
      if (expected === null) await load().catch(() => {});
      let tries = 0;
      const written = await database("readwrite", ["sessions"], (tx, settle) => {
        tries++;
        const store = tx.objectStore("sessions");
        send(store.get("session"), (held) => {
          const generation = readable(held) ? generationOf(held) : null;
          // The dead connection of the first try may have written, and lost only the answer.
          const isThere = tries > 1 && !!value && textOf(held) === textOf(value);
          settle(isThere || generation === expected);
          if (isThere || generation !== expected) return;
          if (!value) {
            store.delete("session");
            store.delete("session.unreadable");
            return;
          }
          // With `encrypt`, a record in clear is not kept, not even as unreadable.
          const isKept = held && generation === null && (held.ciphertext || !options.encrypt);
          if (isKept) store.put(held, "session.unreadable");
          store.put(value, "session");
        });
      });
      if (written) hints.post(record?.generation ?? null);
      return written;
    },

    subscribe: hints.subscribe,
  };

  /** @param {(TokenRecord | Encrypted) | undefined} held @returns {held is TokenRecord | Encrypted} */
  function readable(held) {
    if (!held || (options.encrypt && !("iv" in held))) return false;
    return !("iv" in held && String(held.iv) === unreadable);
  }
}

/** Identifies a write: by its IV, or by its whole content. @param {any} value */
const textOf = (value) => (value?.iv ? String(value.iv) : JSON.stringify(value));

/**
 * A BroadcastChannel, open while there is a listener, or for one message. Does nothing where the platform has none. Closed on pagehide,
 * because a message would evict the page from the back/forward cache, and reopened on pageshow.
 * @param {string} name @param {() => void} unheard  Called when the last listener was removed.
 */
function channel(name, unheard) {
  /** @type {Set<() => void>} */
  const listeners = new Set();
  /** @type {BroadcastChannel | undefined} */
  let open;

  function create() {
    try {
      const created = new BroadcastChannel(name);
      /** @type {any} */ (created).unref?.(); // Node: a hint must not keep the process running.
      return created;
    } catch {} // Missing, or forbidden in a page whose storage is blocked.
  }

  function listen() {
    open ??= create();
    if (open) open.onmessage = () => listeners.forEach((heard) => heard());
  }

  function stop() {
    open?.close();
    open = undefined;
  }

  /** @param {any} event */
  function shown({ persisted }) {
    listen();
    if (persisted) listeners.forEach((heard) => heard());
  }

  return {
    /** @param {number | null} generation */
    post(generation) {
      try {
        const sender = open ?? create();
        sender?.postMessage(generation);
        if (sender !== open) sender?.close();
      } catch {} // The record is written, so a failed hint is not a failure.
    },

    /** @param {() => void} changed */
    subscribe(changed) {
      const listener = () => changed();
      listeners.add(listener);
      listen();
      globalThis.addEventListener?.("pagehide", stop);
      globalThis.addEventListener?.("pageshow", shown);
      return () => {
        listeners.delete(listener);
        if (listeners.size) return;
        globalThis.removeEventListener?.("pagehide", stop);
        globalThis.removeEventListener?.("pageshow", shown);
        stop();
        unheard();
      };
    },
  };
}
