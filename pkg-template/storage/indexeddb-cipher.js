// @ts-check
import { send } from "./indexeddb-connection.js";

/** @import { TokenRecord } from "../index.js" */
/** @import { Database } from "./indexeddb-connection.js" */
/** @typedef {{ generation: number, iv: Uint8Array<ArrayBuffer>, ciphertext: ArrayBuffer }} Encrypted */

/** @param {Database} database @param {TokenRecord} record @returns {Promise<Encrypted>} */
export async function encrypt(database, record) {
  const { generation } = record;
  const key = (await stored(database)) ?? (await created(database));
  const iv = crypto.getRandomValues(new Uint8Array(12)); // 96 bits, unique for this key: NIST SP 800-38D §8.2
  const text = new TextEncoder().encode(JSON.stringify(record));
  return {
    generation,
    iv,
    ciphertext: await crypto.subtle.encrypt(algorithm(database, iv, generation), key, text),
  };
}

/**
 * The record, or undefined if this database's key does not decrypt it.
 * @param {Database} database @param {Encrypted} value @returns {Promise<TokenRecord | undefined>}
 */
export async function decrypt(database, { generation, iv, ciphertext }) {
  const key = await stored(database);
  if (!key) return undefined;
  try {
    const text = await crypto.subtle.decrypt(algorithm(database, iv, generation), key, ciphertext);
    return JSON.parse(new TextDecoder().decode(text));
  } catch {
    return undefined; // OperationError: encrypted for another key or database, or changed since.
  }
}

/**
 * The generation is stored in clear for the comparison. It and the database's name are additional authenticated data (NIST SP 800-38D),
 * because a script could move a record with its key into another session's database.
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

/** Creates the key. If two tabs do so at once, the first stored key wins. @param {Database} database @returns {Promise<CryptoKey>} */
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
