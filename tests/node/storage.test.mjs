// The storages that need no browser: the common contract, then the specifics of each.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import test from "node:test";
import { inspect } from "node:util";
import { callbackStorage, memoryStorage, webStorage } from "oauth-refresher/storage";

const KEY = "app.session";

for (const [kind, create] of Object.entries({
  memoryStorage,
  webStorage: () => webStorage(fakeArea(), KEY),
  callbackStorage: () => callbackStorage(memoryStorage()),
})) {
  test(`${kind}: a saved record is loaded, and null deletes it`, async () => {
    const storage = create();
    assert.equal((await storage.load()) ?? null, null);
    assert.equal(await storage.save(record(1), null), true);
    assert.deepEqual(await storage.load(), record(1));
    assert.equal(await storage.save(record(2), 1), true);
    assert.deepEqual(await storage.load(), record(2));
    assert.equal(await storage.save(null, 2), true);
    assert.equal(await storage.load(), null);
  });

  test(`${kind}: a write that expects another generation is refused and keeps the record`, async () => {
    const storage = create();
    assert.equal(await storage.save(record(2), 1), false);
    assert.equal(await storage.load(), null);
    await storage.save(record(1), null);
    for (const expected of [null, 0, 2]) {
      assert.equal(await storage.save(record(9), expected), false);
      assert.equal(await storage.save(null, expected), false);
    }
    assert.deepEqual(await storage.load(), record(1));
  });

  test(`${kind}: a record changed in memory is not changed in the storage`, async () => {
    const storage = create();
    const given = record(1);
    await storage.save(given, null);
    given.tokens.refresh_token = "changed";
    (await storage.load()).tokens.refresh_token = "changed";
    assert.deepEqual(await storage.load(), record(1));
  });

  test(`${kind}: showing the storage shows no token`, async () => {
    const storage = create();
    await storage.save(record(1), null);
    const shown = inspect(storage, { depth: 9, showHidden: true, getters: true }) + JSON.stringify(storage);
    assert.ok(!shown.includes("refresh 1"), shown);
  });
}

test("memoryStorage: subscribers are called after each write, until they unsubscribe", async () => {
  const storage = memoryStorage();
  const heard = [];
  const end = storage.subscribe(() => heard.push(storage.load().generation));
  storage.save(record(1), null);
  assert.deepEqual(heard, []);
  await Promise.resolve();
  assert.deepEqual(heard, [1]);
  storage.save(record(5), 9);
  await Promise.resolve();
  assert.deepEqual(heard, [1]);
  storage.save(record(2), 1);
  end();
  await Promise.resolve();
  assert.deepEqual(heard, [1]);
});

test("memoryStorage: two objects are two sessions", () => {
  const storage = memoryStorage();
  storage.save(record(1), null);
  assert.equal(memoryStorage().load(), null);
});

test("storages with compare-and-swap say so", () => {
  assert.equal(memoryStorage().conditionalSave, true);
  assert.equal(webStorage(fakeArea(), KEY).conditionalSave, true);
  assert.equal(callbackStorage({ load() {}, save() {} }).conditionalSave, undefined);
  assert.equal(callbackStorage({ load() {}, save() {}, conditionalSave: true }).conditionalSave, true);
});

test("webStorage: the record is one JSON string under one key", () => {
  const area = fakeArea();
  webStorage(area, KEY).save(record(1), null);
  assert.deepEqual(area.keys(), [KEY]);
  assert.deepEqual(JSON.parse(area.getItem(KEY)), record(1));
});

test("webStorage: its name is made of area and key", () => {
  const area = fakeArea();
  assert.equal(webStorage(area, KEY).name, undefined);
  withGlobal("localStorage", area, () => assert.equal(webStorage(area, KEY).name, `web:local:${KEY}`));
  withGlobal("sessionStorage", area, () => assert.equal(webStorage(area, KEY).name, `web:session:${KEY}`));
});

test("webStorage: an item that is not JSON is an error without a quote, and stays", () => {
  const area = fakeArea({ [KEY]: '{"tokens":{"refresh_token":"rt-secret-1234' });
  assert.throws(
    () => webStorage(area, KEY).load(),
    (error) =>
      error.name === "SyntaxError" && error.message.includes(KEY) && !/rt-se|1234/.test(inspect(error)),
  );
  assert.match(area.getItem(KEY), /rt-secret/);
});

test("webStorage: a login replaces an unreadable item and keeps a copy of it", () => {
  for (const unreadable of ["", "{", '"text"', "[]", '{"generation":"1"}']) {
    const area = fakeArea({ [KEY]: unreadable });
    const storage = webStorage(area, KEY);
    assert.equal(storage.save(record(1), 1), false);
    assert.equal(storage.save(record(1), null), true);
    assert.deepEqual(storage.load(), record(1));
    assert.equal(area.getItem(`${KEY}.unreadable`), unreadable);
    assert.equal(storage.save(null, 1), true);
    assert.deepEqual(area.keys(), [], "a sign-out removes both");
  }
});

test("webStorage: the generation of a record in a later format is respected", () => {
  const area = fakeArea({ [KEY]: '{"format":2,"generation":4}' });
  const storage = webStorage(area, KEY);
  assert.equal(storage.save(record(1), null), false);
  assert.equal(storage.save(record(5), 4), true);
});

test("webStorage: a full area is an error and keeps the record", () => {
  const area = fakeArea();
  const storage = webStorage(area, KEY);
  storage.save(record(1), null);
  area.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  assert.throws(() => storage.save(record(2), 1), { name: "QuotaExceededError" });
  assert.deepEqual(storage.load(), record(1));
});

test("webStorage: writes of other tabs are heard for this key and area only", () => {
  const target = new EventTarget();
  const area = fakeArea();
  const fire = (key, storageArea) =>
    target.dispatchEvent(Object.assign(new Event("storage"), { key, storageArea }));
  let heard = 0;
  withGlobal("addEventListener", target.addEventListener.bind(target), () =>
    withGlobal("removeEventListener", target.removeEventListener.bind(target), () => {
      const end = webStorage(area, KEY).subscribe(() => heard++);
      fire(KEY, area);
      fire(null, area);
      assert.equal(heard, 2);
      fire("other", area);
      fire(KEY, fakeArea());
      assert.equal(heard, 2);
      end();
      fire(KEY, area);
      assert.equal(heard, 2);
    }),
  );
  webStorage(area, KEY).subscribe(() => {})(); // no window events in Node
});

test("webStorage: an invalid area or key is refused", () => {
  for (const area of [undefined, null, {}, "localStorage"])
    assert.throws(() => webStorage(area, KEY), { name: "TypeError", message: /area must be/ });
  for (const key of [undefined, "", 7])
    assert.throws(() => webStorage(fakeArea(), key), { name: "TypeError", message: /key must be/ });
});

test("callbackStorage: every function is called with its this", async () => {
  class Rows {
    row = null;
    name = "rows";
    load() {
      return this.row;
    }
    async save(row, expected) {
      this.saved = [row, expected];
    }
    lock(work) {
      return Promise.all([this.row, work()]);
    }
    subscribe(changed) {
      this.changed = changed;
      return () => (this.changed = null);
    }
  }
  const rows = new Rows();
  const storage = callbackStorage(rows);
  assert.equal(await storage.save(record(1), null), undefined);
  assert.deepEqual(rows.saved, [record(1), null]);
  assert.deepEqual(await storage.lock(async () => "done", {}), [null, "done"]);
  storage.subscribe(() => {})();
  assert.equal(rows.changed, null);
  assert.equal(storage.name, "rows");
});

test("callbackStorage: an option that is not a function is refused by name", () => {
  const working = { load() {}, save() {} };
  for (const [wrong, name] of [
    [undefined, "load"],
    [{ save() {} }, "load"],
    [{ load() {} }, "save"],
    [{ ...working, load: "rt-secret" }, "load"],
    [{ ...working, lock: true }, "lock"],
    [{ ...working, subscribe: {} }, "subscribe"],
  ])
    assert.throws(() => callbackStorage(wrong), {
      name: "TypeError",
      message: new RegExp(`^callbackStorage: ${name} must be a function \\(given: \\w+\\)$`),
    });
  assert.deepEqual(Object.keys(callbackStorage(working)), ["load", "save"]);
});

function record(generation) {
  const tokens = {
    access_token: `access ${generation}`,
    refresh_token: `refresh ${generation}`,
    expires_in: 60,
  };
  return { format: 1, generation, obtained_at: 1_700_000_000, tokens };
}

function fakeArea(entries = {}) {
  const map = new Map(Object.entries(entries));
  return {
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, String(value)),
    removeItem: (key) => void map.delete(key),
    keys: () => [...map.keys()],
  };
}

function withGlobal(name, value, act) {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true });
  try {
    act();
  } finally {
    if (before) Object.defineProperty(globalThis, name, before);
    else delete globalThis[name];
  }
}
