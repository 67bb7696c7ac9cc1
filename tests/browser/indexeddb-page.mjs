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

  async "an unencrypted record is loaded, and encrypted by the next write"(storageOf, name) {
    await storageOf(name).save(record(1), null);
    const storage = storageOf(name, { encrypt: true });
    same(await storage.load(), record(1));
    equal(await storage.save(record(2), 1), true);
    equal("ciphertext" in (await rawValue(name, "sessions", "session")), true);
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
const rawDelete = (name, store, key) => rawStore(name, store, (it) => it.delete(key));
