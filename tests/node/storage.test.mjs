// The storages that need no browser: one contract for all, then what is special about each.

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
  test(`${kind}: what_is_saved_is_loaded_and_null_forgets_it`, async () => {
    const storage = create();
    assert.equal((await storage.load()) ?? null, null);
    assert.equal(await storage.save(record(1), null), true);
    assert.deepEqual(await storage.load(), record(1));
    assert.equal(await storage.save(record(2), 1), true);
    assert.deepEqual(await storage.load(), record(2));
    assert.equal(await storage.save(null, 2), true);
    assert.equal(await storage.load(), null);
  });

  test(`${kind}: another_generation_refuses_the_write_and_keeps_what_is_there`, async () => {
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

  test(`${kind}: a_record_changed_in_memory_is_not_changed_in_the_storage`, async () => {
    const storage = create();
    const given = record(1);
    await storage.save(given, null);
    given.tokens.refresh_token = "changed";
    (await storage.load()).tokens.refresh_token = "changed";
    assert.deepEqual(await storage.load(), record(1));
  });

  test(`${kind}: showing_the_storage_shows_no_token`, async () => {
    const storage = create();
    await storage.save(record(1), null);
    const shown = inspect(storage, { depth: 9, showHidden: true, getters: true }) + JSON.stringify(storage);
    assert.ok(!shown.includes("refresh 1"), shown);
  });
}

test("memoryStorage: a_write_is_heard_after_it_is_done_and_until_unsubscribed", async () => {
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

test("memoryStorage: two_objects_are_two_sessions", () => {
  const storage = memoryStorage();
  storage.save(record(1), null);
  assert.equal(memoryStorage().load(), null);
});

test("storages_that_compare_say_so", () => {
  assert.equal(memoryStorage().conditionalSave, true);
  assert.equal(webStorage(fakeArea(), KEY).conditionalSave, true);
  assert.equal(callbackStorage({ load() {}, save() {} }).conditionalSave, undefined);
  assert.equal(callbackStorage({ load() {}, save() {}, conditionalSave: true }).conditionalSave, true);
});

test("webStorage: the_record_is_one_json_string_under_one_key", () => {
  const area = fakeArea();
  webStorage(area, KEY).save(record(1), null);
  assert.deepEqual(area.keys(), [KEY]);
  assert.deepEqual(JSON.parse(area.getItem(KEY)), record(1));
});

test("webStorage: it_is_named_by_area_and_key", () => {
  const area = fakeArea();
  assert.equal(webStorage(area, KEY).name, undefined);
  withGlobal("localStorage", area, () => assert.equal(webStorage(area, KEY).name, `web:local:${KEY}`));
  withGlobal("sessionStorage", area, () => assert.equal(webStorage(area, KEY).name, `web:session:${KEY}`));
});

test("webStorage: what_is_no_json_is_refused_without_quoting_it_and_stays", () => {
  const area = fakeArea({ [KEY]: '{"tokens":{"refresh_token":"rt-secret-1234' });
  assert.throws(
    () => webStorage(area, KEY).load(),
    (error) =>
      error.name === "SyntaxError" && error.message.includes(KEY) && !/rt-se|1234/.test(inspect(error)),
  );
  assert.match(area.getItem(KEY), /rt-secret/);
});

test("webStorage: a_login_takes_the_place_of_what_was_unreadable_and_keeps_it_aside", () => {
  for (const unreadable of ["", "{", '"text"', "[]", '{"generation":"1"}']) {
    const area = fakeArea({ [KEY]: unreadable });
    const storage = webStorage(area, KEY);
    assert.equal(storage.save(record(1), 1), false);
    assert.equal(storage.save(record(1), null), true);
    assert.deepEqual(storage.load(), record(1));
    assert.equal(area.getItem(`${KEY}.unreadable`), unreadable);
  }
});

test("webStorage: a_record_of_a_later_format_counts_with_its_generation", () => {
  const area = fakeArea({ [KEY]: '{"format":2,"generation":4}' });
  const storage = webStorage(area, KEY);
  assert.equal(storage.save(record(1), null), false);
  assert.equal(storage.save(record(5), 4), true);
});

test("webStorage: a_full_area_says_so_and_keeps_the_record", () => {
  const area = fakeArea();
  const storage = webStorage(area, KEY);
  storage.save(record(1), null);
  area.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  assert.throws(() => storage.save(record(2), 1), { name: "QuotaExceededError" });
  assert.deepEqual(storage.load(), record(1));
});

test("webStorage: other_tabs_are_heard_by_key_and_area", () => {
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
  webStorage(area, KEY).subscribe(() => {})(); // where there are no window events
});

test("webStorage: an_area_or_key_that_is_none_is_refused", () => {
  for (const area of [undefined, null, {}, "localStorage"])
    assert.throws(() => webStorage(area, KEY), { name: "TypeError", message: /area must be/ });
  for (const key of [undefined, "", 7])
    assert.throws(() => webStorage(fakeArea(), key), { name: "TypeError", message: /key must be/ });
});

test("callbackStorage: everything_given_is_passed_on_with_its_this", async () => {
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

test("callbackStorage: what_is_no_function_is_refused_by_name", () => {
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
