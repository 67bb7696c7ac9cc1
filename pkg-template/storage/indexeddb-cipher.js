// @ts-check
import { send } from "./indexeddb-connection.js";

/** @import { TokenRecord } from "../index.js" */
/** @import { Database } from "./indexeddb-connection.js" */
/** @typedef {{ generation: number, iv: Uint8Array<ArrayBuffer>, ciphertext: ArrayBuffer }} Encrypted */

/** @param {Database} database @param {TokenRecord} record @returns {Promise<Encrypted>} */
export async function encrypt(database, record) {
  const { generation } = record;
  const key = (await stored(database)) ?? (await created(database));
  const iv = crypto.getRandomValues(new Uint8Array(12)); // 96 bits, never again under this key: NIST SP 800-38D §8.2
  const text = new TextEncoder().encode(JSON.stringify(record));
  return {
    generation,
    iv,
    ciphertext: await crypto.subtle.encrypt(algorithm(database, iv, generation), key, text),
  };
}

/**
 * The record, or undefined for what this database's key does not open.
 * @param {Database} database @param {Encrypted} value @returns {Promise<TokenRecord | undefined>}
 */
export async function decrypt(database, { generation, iv, ciphertext }) {
  const key = await stored(database);
  if (!key) return undefined;
  try {
    const text = await crypto.subtle.decrypt(algorithm(database, iv, generation), key, ciphertext);
    return JSON.parse(new TextDecoder().decode(text));
  } catch {
    return undefined; // OperationError: another key or another name sealed it, or it was changed since
  }
}

/**
 * The generation is in the clear for the comparison, and sealed with the rest; so is the name, since a script can move a record together
 * with its key into the database of another session (NIST SP 800-38D: additional authenticated data).
 * @param {Database} database @param {Uint8Array<ArrayBuffer>} iv @param {number} generation
 */
const algorithm = ({ databaseName }, iv, generation) => ({
  name: "AES-GCM",
  iv,
  additionalData: new TextEncoder().encode(JSON.stringify(["oauth-refresher", databaseName, generation])),
});

/** @param {Database} database @returns {Promise<CryptoKey | undefined>} */
const stored = (database) =>
  database("readonly", ["keys"], (tx, settle) => send(tx.objectStore("keys").get("key"), settle));

/** Of two tabs that create the key at once, the first to store it wins. @param {Database} database @returns {Promise<CryptoKey>} */
async function created(database) {
  if (!globalThis.crypto?.subtle)
    throw new Error("indexedDbStorage: encrypt needs a secure context: serve the page by https");
  const ours = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ]);
  return database("readwrite", ["keys"], (tx, settle) => {
    const keys = tx.objectStore("keys");
    send(keys.get("key"), (theirs) => {
      settle(theirs ?? ours);
      if (!theirs) keys.put(ours, "key");
    });
  });
}
