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
  /** What could not be decrypted: recognised by its IV, which is fresh for every write. @type {string | undefined} */
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
      // crypto takes its time, and a transaction without a request commits by itself: everything is made before it begins
      const value = record && options.encrypt ? await encrypt(database, record) : record;
      if (expected === null) await load().catch(() => {});
      let tries = 0;
      const written = await database("readwrite", ["sessions"], (tx, settle) => {
        tries++;
        const store = tx.objectStore("sessions");
        send(store.get("session"), (held) => {
          const generation = readable(held) ? generationOf(held) : null;
          // a connection that died may have written, and lost no more than the answer
          const isThere = tries > 1 && !!value && textOf(held) === textOf(value);
          settle(isThere || generation === expected);
          if (isThere || generation !== expected) return;
          if (!value) {
            store.delete("session");
            store.delete("session.unreadable");
            return;
          }
          // a record in clear is no part of what is to be encrypted, wherever it lies
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

/** Tells one write from another: by its IV, or by all of it. @param {any} value */
const textOf = (value) => (value?.iv ? String(value.iv) : JSON.stringify(value));

/**
 * One BroadcastChannel while there is a listener, or for one message; nothing where the platform has none. A page that goes closes it, since
 * the first message would throw it out of the back/forward cache, and opens it again when it is back.
 * @param {string} name @param {() => void} unheard  The last listener is gone.
 */
function channel(name, unheard) {
  /** @type {Set<() => void>} */
  const listeners = new Set();
  /** @type {BroadcastChannel | undefined} */
  let open;

  function create() {
    try {
      const created = new BroadcastChannel(name);
      /** @type {any} */ (created).unref?.(); // Node: a hint is no reason to stay alive
      return created;
    } catch {} // there is none, or a page whose storage is blocked may not have one
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
      } catch {} // the record is written: a hint that fails does not make that a failure
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
