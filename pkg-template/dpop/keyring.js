// @ts-check
import { open, send } from "../storage/indexeddb-connection.js";
import { generated, keyOf } from "./key.js";

/** @import { Key } from "./key.js" */
/** @import { Database } from "../storage/indexeddb-connection.js" */

/**
 * The key of a `dpop` object, created or loaded at its first use.
 * @param {CryptoKeyPair | undefined} given @param {string | undefined} name  Of the database that keeps the key.
 */
export function keyring(given, name) {
  const database = name === undefined ? undefined : open(name);
  /** @type {Key | undefined} */
  let own;

  const found = async () => keyOf(given ?? (await (database ? stored(database) : generated())));

  // Not a shared promise: on Workers a request must not wait for the work of another request. The first result wins.
  async function key() {
    if (!own) {
      const made = await found();
      own ??= made;
    }
    return own;
  }

  return {
    key,
    thumbprint: async () => (await key()).thumbprint,

    /** @param {string} thumbprint */
    async has(thumbprint) {
      if ((await key()).thumbprint != thumbprint && database) own = await found(); // another tab may have replaced it
      return own?.thumbprint == thumbprint;
    },
  };
}

/** The key of the database; of two tabs that make one at once, the first to store it wins. @param {Database} database */
async function stored(database) {
  try {
    const pair = await database("readonly", ["keys"], (tx, settle) =>
      send(tx.objectStore("keys").get("dpop"), settle),
    );
    return pair ?? (await created(database));
  } catch (/** @type {any} */ error) {
    // an unavailable database does not mean a lost key; nothing was sent, and the next attempt may succeed
    throw Object.assign(new Error(`dpop: the key cannot be read or stored (${error?.name})`), {
      isUnsent: true,
    });
  }
}

/** @param {Database} database @returns {Promise<CryptoKeyPair>} */
async function created(database) {
  const { privateKey, publicKey } = await generated();
  return database("readwrite", ["keys"], (tx, settle) => {
    const keys = tx.objectStore("keys");
    send(keys.get("dpop"), (theirs) => {
      const ours = { privateKey, publicKey };
      settle(theirs ?? ours);
      if (!theirs) keys.put(ours, "dpop");
    });
  });
}
