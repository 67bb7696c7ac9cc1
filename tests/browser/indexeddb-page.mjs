// Claims about indexedDbStorage, to be run inside a page: `run(indexedDbStorage)` answers a list of { claim, failure }.
// Nothing is imported, so that the page may take the storage from wherever the package is served.

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
  async nothing_is_stored_at_first(storageOf, name) {
    equal(await storageOf(name).load(), null);
  },

  async what_is_saved_is_loaded_by_another_context(storageOf, name) {
    equal(await storageOf(name).save(record(1), null), true);
    same(await storageOf(name).load(), record(1));
  },

  async another_generation_refuses_the_write_and_keeps_what_is_there(storageOf, name) {
    const storage = storageOf(name);
    await storage.save(record(1), null);
    equal(await storage.save(record(2), null), false);
    equal(await storage.save(record(2), 7), false);
    equal(await storage.save(null, 7), false);
    same(await storage.load(), record(1));
  },

  async of_two_contexts_that_write_at_once_one_wins(storageOf, name) {
    const writes = [storageOf(name), storageOf(name), storageOf(name)].map((s, i) =>
      s.save(record(1 + i), null),
    );
    equal((await Promise.all(writes)).filter(Boolean).length, 1);
  },

  async null_forgets_the_record(storageOf, name) {
    const storage = storageOf(name);
    await storage.save(record(1), null);
    equal(await storage.save(null, 1), true);
    equal(await storage.load(), null);
  },

  async a_write_is_heard_elsewhere_and_names_no_token(storageOf, name) {
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

  async after_unsubscribing_nothing_is_heard(storageOf, name) {
    let heard = 0;
    storageOf(name).subscribe(() => heard++)();
    const hint = new Promise((resolve) => storageOf(name).subscribe(resolve));
    await storageOf(name).save(record(1), null);
    await within(5, hint);
    equal(heard, 0);
  },

  async a_database_that_was_deleted_under_it_is_opened_again(storageOf, name) {
    const storage = storageOf(name);
    await storage.save(record(1), null);
    await within(5, deleted(name));
    equal(await storage.load(), null);
    equal(await storage.save(record(1), null), true);
  },

  async an_encrypted_record_comes_back_and_is_not_readable_in_the_database(storageOf, name) {
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

  async each_encrypted_write_has_an_iv_of_its_own(storageOf, name) {
    const storage = storageOf(name, { encrypt: true });
    await storage.save(record(1), null);
    const first = await rawValue(name, "sessions", "session");
    await storage.save(record(2), 1);
    const second = await rawValue(name, "sessions", "session");
    equal(String(first.iv) === String(second.iv), false);
  },

  async contexts_that_create_the_key_at_once_end_with_one_key(storageOf, name) {
    const storages = [1, 2, 3].map(() => storageOf(name, { encrypt: true }));
    await Promise.all(storages.map((storage) => storage.save(record(1), null)));
    for (const storage of storages) same(await storage.load(), record(1));
  },

  async a_record_that_was_not_encrypted_is_read_and_encrypted_by_the_next_write(storageOf, name) {
    await storageOf(name).save(record(1), null);
    const storage = storageOf(name, { encrypt: true });
    same(await storage.load(), record(1));
    equal(await storage.save(record(2), 1), true);
    equal("ciphertext" in (await rawValue(name, "sessions", "session")), true);
  },

  async without_its_key_a_record_is_kept_aside_when_a_login_takes_its_place(storageOf, name) {
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

  async a_readable_record_is_not_taken_for_nothing(storageOf, name) {
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
