// Claims about indexedDbStorage, for a page: `run(indexedDbStorage)` returns a list of { claim, failure }.
// This file imports nothing, so that the page can take the storage from any URL of the package.

export async function run(indexedDbStorage) {
  const results = [];
  for (const [claim, prove] of Object.entries(claims)) {
    const name = `claims-${results.length}`;
    await deleted(name);
    try {
      await prove(indexedDbStorage, name);
      results.push({ claim, failure: null });
    } catch (error) {
      results.push({ claim, failure: String(error?.stack ?? error) });
    }
    await deleted(name);
  }
  return results;
}

const claims = {
  async "a new storage is empty"(storageOf, name) {
    equal(await storageOf(name).load(), null);
  },

  async "a saved record is loaded by another context"(storageOf, name) {
    equal(await storageOf(name).save(record(1), null), true);
    same(await storageOf(name).load(), record(1));
  },

  async "a write that expects another generation is refused and keeps the record"(storageOf, name) {
    const storage = storageOf(name);
    await storage.save(record(1), null);
    equal(await storage.save(record(2), null), false);
    equal(await storage.save(record(2), 7), false);
    equal(await storage.save(null, 7), false);
    same(await storage.load(), record(1));
  },

  async "of two contexts that write at once one wins"(storageOf, name) {
    const writes = [storageOf(name), storageOf(name), storageOf(name)].map((s, i) =>
      s.save(record(1 + i), null),
    );
    equal((await Promise.all(writes)).filter(Boolean).length, 1);
  },

  async "null deletes the record"(storageOf, name) {
    const storage = storageOf(name);
    await storage.save(record(1), null);
    equal(await storage.save(null, 1), true);
    equal(await storage.load(), null);
  },

  async "a write notifies other contexts, without a token"(storageOf, name) {
    const heard = [];
    const spy = new BroadcastChannel(`oauth-refresher:${name}`);
    spy.onmessage = ({ data }) => heard.push(data);
    const listening = storageOf(name);
    const hint = new Promise((resolve) => listening.subscribe(resolve));
    await storageOf(name).save(record(1), null);
    await within(5, hint);
    spy.close();
    same(heard, [1]);
  },

  async "after unsubscribing there is no notification"(storageOf, name) {
    let heard = 0;
    storageOf(name).subscribe(() => heard++)();
    const hint = new Promise((resolve) => storageOf(name).subscribe(resolve));
    await storageOf(name).save(record(1), null);
    await within(5, hint);
    equal(heard, 0);
  },

  async "a database that was deleted is opened again"(storageOf, name) {
    const storage = storageOf(name);
    await storage.save(record(1), null);
    await within(5, deleted(name));
    equal(await storage.load(), null);
    equal(await storage.save(record(1), null), true);
  },

  async "an encrypted record is loaded, and is not readable in the database"(storageOf, name) {
    await storageOf(name, { encrypt: true }).save(record(1), null);
    same(await storageOf(name, { encrypt: true }).load(), record(1));
    const raw = await rawValue(name, "sessions", "session");
    same(Object.keys(raw).sort(), ["ciphertext", "generation", "iv"]);
    equal(raw.iv.byteLength, 12);
    equal(new TextDecoder("latin1").decode(raw.ciphertext).includes("refresh"), false);
    const key = await rawValue(name, "keys", "key");
    equal(key.extractable, false);
    same({ ...key.algorithm }, { name: "AES-GCM", length: 256 });
  },

  async "each encrypted write has its own iv"(storageOf, name) {
    const storage = storageOf(name, { encrypt: true });
    await storage.save(record(1), null);
    const first = await rawValue(name, "sessions", "session");
    await storage.save(record(2), 1);
    const second = await rawValue(name, "sessions", "session");
    equal(String(first.iv) === String(second.iv), false);
  },

  async "contexts that create the key at once get the same key"(storageOf, name) {
    const storages = [1, 2, 3].map(() => storageOf(name, { encrypt: true }));
    await Promise.all(storages.map((storage) => storage.save(record(1), null)));
    for (const storage of storages) same(await storage.load(), record(1));
  },

  async "with encrypt a record in clear is not accepted, and is gone after a login"(storageOf, name) {
    await storageOf(name).save(record(1), null);
    const storage = storageOf(name, { encrypt: true });
    equal(/not encrypted/.test((await storage.load().catch((caught) => caught)).message), true);
    equal(await storage.save(record(2), 1), false);
    equal(await storage.save(record(2), null), true);
    same(await storage.load(), record(2));
    equal(await rawValue(name, "sessions", "session.unreadable"), undefined);
  },

  async "an encrypted record that was moved is not accepted"(storageOf, name) {
    const other = `${name}-other`;
    await storageOf(name, { encrypt: true }).save(record(1), null);
    await storageOf(other, { encrypt: true }).save(record(1), null);
    await rawPut(other, "sessions", "session", await rawValue(name, "sessions", "session"));
    await rawPut(other, "keys", "key", await rawValue(name, "keys", "key"));
    const refused = () =>
      storageOf(other, { encrypt: true })
        .load()
        .catch((caught) => caught);
    equal(/cannot be decrypted/.test((await refused()).message), true);
    // nor under another generation
    const value = await rawValue(name, "sessions", "session");
    await rawPut(name, "sessions", "session", { ...value, generation: 2 });
    const changed = await storageOf(name, { encrypt: true })
      .load()
      .catch((caught) => caught);
    equal(/cannot be decrypted/.test(changed.message), true);
    await within(5, deleted(other));
  },

  async "a connection that died is opened again once whatever the error"(storageOf, name) {
    const { transaction } = IDBDatabase.prototype;
    for (const error of ["UnknownError", "InvalidStateError", "AbortError", "TransactionInactiveError"]) {
      const storage = storageOf(name);
      let failures = 0;
      let dying = 1;
      await storage.load();
      IDBDatabase.prototype.transaction = function (...given) {
        if (failures === dying) return transaction.apply(this, given);
        failures++;
        throw new DOMException(
          "Connection to Indexed Database server lost. Refresh the page to try again",
          error,
        );
      };
      try {
        equal(await storage.save(record(1), null), true);
        [failures, dying] = [0, 1];
        same(await storage.load(), record(1));
        [failures, dying] = [0, Infinity];
        equal((await storage.load().catch((caught) => caught)).name, error);
        equal(failures, 2);
      } finally {
        IDBDatabase.prototype.transaction = transaction;
      }
      equal(await storage.save(null, 1), true);
    }
  },

  async "a write whose answer was lost with the connection counts as written"(storageOf, name) {
    for (const encrypt of [false, true]) {
      const storage = storageOf(name, { encrypt });
      const { transaction } = IDBDatabase.prototype;
      let lost = false;
      IDBDatabase.prototype.transaction = function (...given) {
        const tx = transaction.apply(this, given);
        if (!lost && given[0].includes("sessions") && given[1] === "readwrite") {
          lost = true;
          // it is committed, and the page hears of an abort
          Object.defineProperty(tx, "oncomplete", { set() {} });
          tx.addEventListener("complete", () => tx.onabort());
        }
        return tx;
      };
      try {
        equal(await storage.save(record(1), null), true);
      } finally {
        IDBDatabase.prototype.transaction = transaction;
      }
      equal(lost, true);
      equal(await storage.save(null, 1), true);
    }
  },

  async "what is no record is replaced by a login and gone after a sign out"(storageOf, name) {
    for (const generation of [1.5, -1, 0, 2 ** 53, "1", undefined]) {
      const storage = storageOf(name);
      await storage.load();
      await rawPut(name, "sessions", "session", { ...record(1), generation });
      equal(await storage.save(record(3), 3), false);
      equal(await storage.save(record(3), null), true);
      same(await storage.load(), record(3));
      equal((await rawValue(name, "sessions", "session.unreadable")).generation, generation);
      equal(await storage.save(null, 3), true);
      equal(await rawValue(name, "sessions", "session.unreadable"), undefined);
    }
  },

  async "a login over an encrypted record whose key is gone keeps a copy of it"(storageOf, name) {
    const storage = storageOf(name, { encrypt: true });
    await storage.save(record(5), null);
    await rawDelete(name, "keys", "key");
    const error = await storage.load().catch((caught) => caught);
    equal(/decrypted/.test(error.message), true);
    equal((await rawValue(name, "sessions", "session")).generation, 5);
    equal(await storageOf(name, { encrypt: true }).save(record(1), null), true);
    same(await storage.load(), record(1));
    equal((await rawValue(name, "sessions", "session.unreadable")).generation, 5);
  },

  async "a readable record is never treated as absent"(storageOf, name) {
    await storageOf(name, { encrypt: true }).save(record(5), null);
    equal(await storageOf(name, { encrypt: true }).save(record(1), null), false);
  },
};

function record(generation) {
  const tokens = {
    access_token: `access ${generation}`,
    refresh_token: `refresh ${generation}`,
    expires_in: 60,
  };
  return { format: 1, generation, obtained_at: 1_700_000_000, tokens };
}

function equal(actual, expected) {
  if (actual !== expected) throw new Error(`expected ${String(expected)}, found ${String(actual)}`);
}

const same = (actual, expected) => equal(JSON.stringify(sorted(actual)), JSON.stringify(sorted(expected)));

const sorted = (value) =>
  value && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(
        Object.keys(value)
          .sort()
          .map((key) => [key, sorted(value[key])]),
      )
    : value;

function within(limitSeconds, promise) {
  const late = new Promise((_, reject) =>
    setTimeout(() => reject(new Error("too late")), limitSeconds * 1000),
  );
  return Promise.race([promise, late]);
}

const answer = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const deleted = (name) => answer(indexedDB.deleteDatabase(name));

async function rawStore(name, store, act) {
  const database = await answer(indexedDB.open(name));
  const result = await answer(act(database.transaction(store, "readwrite").objectStore(store)));
  database.close();
  return result;
}

const rawValue = (name, store, key) => rawStore(name, store, (it) => it.get(key));
const rawPut = (name, store, key, value) => rawStore(name, store, (it) => it.put(value, key));
const rawDelete = (name, store, key) => rawStore(name, store, (it) => it.delete(key));
