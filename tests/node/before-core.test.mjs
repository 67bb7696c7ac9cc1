// A stored access token that is fresh is handed out before the core is loaded (the entry of browsers). A step of the trace is a sign of
// the core: without one there is none.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { dpop } from "oauth-refresher/dpop";
import { memoryStorage, webStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { createRefresher } from "../node_modules/oauth-refresher/entry/browser.js";
import { createRefresher as withCoreInline } from "../node_modules/oauth-refresher/entry/inline.js";
import { settle, virtualTime } from "./virtual-time.mjs";

const SECOND = 1000;
const HOUR = 3600 * SECOND;

let server;
let time;
beforeEach(() => {
  server = fakeAuthorizationServer();
  time = virtualTime();
});
afterEach(() => time.restore());

/** A record as a refresher left it. */
async function left(login, options = {}) {
  const storage = memoryStorage();
  const refresher = createRefresher({ ...server.options, ...options, storage });
  await refresher.setTokens(login);
  refresher.close();
  return storage.load();
}

/** A storage that another context may write, and of which each call is counted. */
function shelf(record) {
  const counts = { load: 0, save: 0, lock: 0 };
  let changed = () => {};
  return {
    record,
    counts,
    conditionalSave: true,
    load() {
      counts.load++;
      return structuredClone(this.record);
    },
    save(record, expected) {
      counts.save++;
      if ((this.record?.generation ?? null) !== expected) return false;
      this.record = structuredClone(record);
      return true;
    },
    lock(work) {
      counts.lock++;
      return work();
    },
    subscribe(heard) {
      changed = heard;
      return () => (changed = () => {});
    },
    /** Another context writes. */
    write(record) {
      this.record = record;
      changed();
    },
  };
}

/** A refresher at that storage, the steps of its core, and its events. */
function opened(storage, options = {}) {
  const steps = [];
  const events = [];
  const refresher = createRefresher({
    ...server.options,
    storage,
    ...options,
    trace: ({ event }) => steps.push(event),
  });
  for (const type of ["state-changed", "token-changed", "session-ended", "refresh-failed", "storage-failed"])
    refresher.addEventListener(type, ({ detail }) => events.push([type, detail.state ?? detail.source]));
  return { refresher, steps, events };
}

const login = () => ({ ...server.login(), expires_in: 3600 });

describe("what is fresh needs no core", () => {
  for (const [name, ask] of Object.entries({
    getAccessToken: (refresher) => refresher.getAccessToken(),
    getTokens: async (refresher) => (await refresher.getTokens()).access_token,
    "getTokens with a signal": async (refresher) =>
      (await refresher.getTokens({ signal: new AbortController().signal })).access_token,
    load: async (refresher) => (await refresher.load()).access_token,
    "tokens after load": async (refresher) => (await refresher.load(), refresher.tokens.access_token),
    fetch: async (refresher) => {
      let sent;
      const fetch = async (_, { headers }) => ((sent = headers.get("authorization")), new Response("ok"));
      await refresher.fetch("https://api.example/", { fetch }).catch(() => {});
      return sent?.replace("Bearer ", "") ?? refresher.tokens.access_token;
    },
  }))
    test(name, async () => {
      const tokens = login();
      const storage = shelf(await left(tokens));
      const { refresher, steps, events } = opened(storage, { origins: ["https://api.example"] });
      assert.equal(await ask(refresher), tokens.access_token);
      assert.equal(await ask(refresher), tokens.access_token);
      await settle();
      assert.deepEqual(steps, []);
      assert.deepEqual(storage.counts, { load: 1, save: 0, lock: 0 });
      assert.deepEqual(events, [["state-changed", "active"]]);
      assert.equal(refresher.state, "active");
      assert.equal(server.requests.length, 0);
      assert.ok(Object.isFrozen(refresher.tokens));
      refresher.close();
    });

  test("callers at the same time read the storage once", async () => {
    const tokens = login();
    const storage = shelf(await left(tokens));
    const { refresher, steps } = opened(storage);
    const all = await Promise.all(Array.from({ length: 20 }, () => refresher.getAccessToken()));
    assert.deepEqual(new Set(all), new Set([tokens.access_token]));
    assert.equal(storage.counts.load, 1);
    assert.deepEqual(steps, []);
    refresher.close();
  });

  for (const [name, members] of Object.entries({
    "a lifetime": { expires_in: 3600 },
    "a lifetime with a fraction": { expires_in: 3599.5 },
    "an end": { expires_in: undefined, expires_at: Date.now() / 1000 + 3600.25 },
    "no lifetime": { expires_in: undefined },
    "a scope, an id_token and members of its own": {
      scope: "a b",
      principal: { id: [1, 2.5, "é"] },
      realm: null,
      token_type: "bearer",
    },
    "no token_type": { token_type: undefined },
  }))
    test(`the token set is the core's: ${name}`, async () => {
      const record = await left({ ...login(), ...members });
      const early = opened(shelf(record));
      const tokens = await early.refresher.getTokens();
      assert.deepEqual(early.steps, []);
      const late = opened(shelf(record));
      await late.refresher.getTokens({ minValiditySeconds: 1 });
      assert.ok(late.steps.length);
      assert.deepEqual(tokens, late.refresher.tokens);
      early.refresher.close();
      late.refresher.close();
    });

  test("the window is the core's: until a token is due for callers without wishes", async () => {
    const record = await left(login());
    const { from, until, expires_at } = record.fresh;
    assert.deepEqual(
      [record.obtained_at - from, expires_at - record.obtained_at, expires_at - until],
      [60, 3600, 10],
    );
    const { refresher, steps } = opened(shelf(record));
    await refresher.getAccessToken();
    await time.pass(3589 * SECOND);
    assert.equal(await refresher.getAccessToken(), record.tokens.access_token);
    assert.deepEqual(steps, []);
    await time.pass(2 * SECOND);
    assert.notEqual(await refresher.getAccessToken(), record.tokens.access_token);
    assert.equal(server.requests.length, 1);
    refresher.close();
  });
});

describe("what is not fresh is the core's", () => {
  const record = async () => left(login());
  for (const [name, change] of Object.entries({
    "an access token that has run out": (record) => (record.fresh.until = Date.now() / 1000 - 1),
    "a record from tomorrow": (record) => (record.fresh.from = Date.now() / 1000 + 90),
    "no window": (record) => delete record.fresh,
    "a window that is none": (record) => (record.fresh = "now"),
    "numbers that are none": (record) => (record.fresh = { from: "a", until: "b" }),
    "no access token": (record) => delete record.tokens.access_token,
    "another owner": (record) => (record.owner = "0000000000000000"),
    "no owner": (record) => delete record.owner,
    "a format of later": (record) => (record.format = 2),
    "no generation": (record) => delete record.generation,
    "no tokens": (record) => delete record.tokens,
    "no record": (record, storage) => (storage.record = null),
    "a text": (record, storage) => (storage.record = JSON.stringify(record)),
  }))
    test(name, async () => {
      const storage = shelf(await record());
      change(storage.record, storage);
      const { refresher, steps } = opened(storage);
      await refresher.getAccessToken().catch(() => {});
      assert.ok(steps.includes("demanded"), steps.join());
      refresher.close();
    });

  test("a mark: the token may be replaced by now", async () => {
    const storage = shelf(await record());
    const asked = createRefresher({ ...server.options, storage });
    server.next("hang");
    const refreshed = asked.refresh().catch((error) => error);
    for (let turn = 0; turn < 50 && !storage.record.pending; turn++) await settle();
    assert.ok(storage.record.pending);
    assert.equal(storage.record.fresh, undefined);
    const { refresher, steps } = opened(shelf(storage.record));
    await refresher.getAccessToken();
    assert.ok(steps.includes("demanded"));
    refresher.close();
    asked.close();
    void refreshed;
  });

  for (const [name, ask] of Object.entries({
    minValiditySeconds: (refresher) => refresher.getTokens({ minValiditySeconds: 10 }),
    timeoutSeconds: (refresher) => refresher.getTokens({ timeoutSeconds: 3 }),
    rejected: async (refresher, token) => refresher.getTokens({ rejected: token }),
    refresh: (refresher) => refresher.refresh(),
    setTokens: (refresher) => refresher.setTokens(login()),
    signOut: (refresher) => refresher.signOut(),
  }))
    test(`a wish: ${name}`, async () => {
      const tokens = login();
      const { refresher, steps } = opened(shelf(await left(tokens)));
      await ask(refresher, tokens.access_token);
      assert.ok(steps.length > 0);
      refresher.close();
    });
});

describe("whatever makes a token doubtful closes the window at once", () => {
  /** A refresher that handed out its token, without a core. */
  async function serving(options) {
    const tokens = login();
    const storage = shelf(await left(tokens));
    const made = opened(storage, options);
    assert.equal(await made.refresher.getAccessToken(), tokens.access_token);
    await settle();
    assert.deepEqual(made.steps, []);
    return { ...made, tokens, storage };
  }

  test("a sign-out elsewhere: the next call waits for the core, and is refused", async () => {
    const { refresher, storage, steps, events } = await serving();
    storage.write(null);
    await assert.rejects(refresher.getAccessToken(), { code: "signed_out" });
    await settle();
    assert.deepEqual(steps.slice(0, 3), ["loaded", "resumed", "peerChanged"]);
    assert.deepEqual(events, [
      ["state-changed", "active"],
      ["token-changed", "peer"],
      ["state-changed", "signed-out"],
    ]);
    refresher.close();
  });

  test("a refresh elsewhere: the next call gets the new token, and one event tells of it", async () => {
    const { refresher, storage, events } = await serving();
    const renewed = { ...storage.record, generation: storage.record.generation + 1 };
    renewed.tokens = { ...renewed.tokens, access_token: "another" };
    storage.write(renewed);
    assert.equal(await refresher.getAccessToken(), "another");
    await settle();
    assert.deepEqual(events, [
      ["state-changed", "active"],
      ["token-changed", "peer"],
    ]);
    refresher.close();
  });

  test("a write that no hint told of is found when the core comes", async () => {
    const { refresher, storage, events } = await serving();
    storage.record = null;
    await assert.rejects(refresher.getTokens({ minValiditySeconds: 1 }), { code: "signed_out" });
    await settle();
    assert.deepEqual(
      events.map(([type]) => type),
      ["state-changed", "token-changed", "state-changed"],
    );
    refresher.close();
  });

  for (const [name, ms] of [
    ["forward", 2 * HOUR],
    ["back", -2 * HOUR],
  ])
    test(`a clock that is set ${name}`, async () => {
      const { refresher, steps, tokens } = await serving();
      time.setClock(ms);
      const got = await refresher.getAccessToken();
      assert.ok(steps.includes(ms > 0 ? "resumed" : "clockSetBack"), steps.join());
      assert.notEqual(got, tokens.access_token, "its end is not to be told");
      assert.equal(server.requests.length, 1);
      refresher.close();
    });

  test("a 401: the token that was refused is replaced once", async () => {
    const sent = [];
    const api = async (_, { headers }) => {
      sent.push(headers.get("authorization"));
      const status = sent.length == 1 ? 401 : 200;
      return new Response("", { status, headers: { "www-authenticate": 'Bearer error="invalid_token"' } });
    };
    const token = server.options.fetch;
    const fetch = (input, init) =>
      String(input.url ?? input).startsWith("https://api.example")
        ? api(input, { headers: new Headers(input.headers ?? init?.headers) })
        : token(input, init);
    const tokens = login();
    const { refresher } = opened(shelf(await left(tokens)), { origins: ["https://api.example"], fetch });
    const response = await refresher.fetch("https://api.example/a");
    assert.equal(response.status, 200);
    assert.equal(sent[0], `Bearer ${tokens.access_token}`);
    assert.notEqual(sent[1], sent[0]);
    assert.equal(server.requests.length, 1);
    refresher.close();
  });
});

describe("a storage that does not answer", () => {
  const hangs = () => ({ ...shelf(null), load: () => new Promise(() => {}) });

  test("an abort ends the caller's wait at once, with its reason", async () => {
    const { refresher } = opened(hangs());
    const stop = new AbortController();
    const asked = refresher.getAccessToken({ signal: stop.signal });
    await settle();
    stop.abort(new Error("enough"));
    await assert.rejects(asked, { message: "enough" });
    await assert.rejects(refresher.getAccessToken({ signal: AbortSignal.abort(new Error("over")) }), {
      message: "over",
    });
    refresher.close();
  });

  test("close ends the wait at once", async () => {
    const { refresher } = opened(hangs());
    const asked = refresher.getAccessToken();
    const loaded = refresher.load();
    await settle();
    refresher.close();
    await assert.rejects(asked, { code: "closed" });
    await assert.rejects(loaded, { code: "closed" });
  });

  /** Seconds until a caller has its error. The core is compiled first, which takes real time. */
  async function patience(create, storage) {
    const first = create(server.options);
    await first.load();
    first.close();
    const refresher = create({ ...server.options, storage, timeoutSeconds: 5 });
    let seconds = 0;
    let code;
    refresher.getAccessToken().catch((error) => (code = error.code));
    for (; !code && seconds < 60; seconds += 0.5) await time.pass(SECOND / 2);
    refresher.close();
    return [seconds, code];
  }

  test("the read before the core is a part of the caller's deadline", async () => {
    const record = await left({ ...login(), expires_in: 40 });
    await time.pass(60 * SECOND);
    const takesLong = () => new Promise((resolve) => setTimeout(resolve, 4900));
    const slow = () => {
      const storage = shelf(record);
      return {
        ...storage,
        load: async () => (await takesLong(), storage.load()),
        save: async (...given) => (await takesLong(), storage.save(...given)),
        lock: async (work) => (await takesLong(), work()),
      };
    };
    const withTheCore = await patience(withCoreInline, slow());
    assert.equal(withTheCore[1], "timeout");
    assert.deepEqual(await patience(createRefresher, slow()), withTheCore);
  });

  test("one that hangs costs its second before the core, and no more", async () => {
    const [withTheCore] = await patience(withCoreInline, hangs());
    const [lazily, code] = await patience(createRefresher, hangs());
    assert.equal(code, "storage_failed");
    assert.ok(lazily <= withTheCore + 1, `${lazily} s, and ${withTheCore} s with the core from the start`);
  });

  test("one that fails is read again by the core, which tells of it", async () => {
    const storage = { ...shelf(null), load: () => Promise.reject(new Error("the disk is gone")) };
    const { refresher, events } = opened(storage, { timeoutSeconds: 1 });
    const asked = assert.rejects(refresher.getAccessToken(), { code: "storage_failed" });
    await time.pass(3 * SECOND);
    await asked;
    assert.ok(events.some(([type]) => type == "storage-failed"));
    refresher.close();
  });
});

describe("in a page", () => {
  let idle;
  beforeEach(() => {
    idle = [];
    globalThis.addEventListener = () => {};
    globalThis.requestIdleCallback = (work, { timeout }) => idle.push({ work, timeout });
    globalThis.document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  });
  afterEach(() => {
    delete globalThis.addEventListener;
    delete globalThis.requestIdleCallback;
    delete globalThis.document;
  });

  test("the core follows when the page is idle, keeps the session fresh, and tells nothing twice", async () => {
    const tokens = login();
    const storage = shelf(await left(tokens));
    idle.length = 0;
    const { refresher, steps, events } = opened(storage);
    await settle();
    assert.equal(refresher.tokens.access_token, tokens.access_token, "a page reads by itself");
    assert.deepEqual([steps, idle.map(({ timeout }) => timeout)], [[], [2000]]);
    idle[0].work();
    assert.equal(await refresher.getAccessToken(), tokens.access_token, "also while the core loads");
    await settle();
    assert.deepEqual(steps.slice(0, 3), ["loaded", "resumed", "watching"]);
    assert.deepEqual(events, [["state-changed", "active"]]);
    for (let minutes = 0; minutes < 60 && !server.requests.length; minutes++) await time.pass(60 * SECOND);
    assert.equal(server.requests.length, 1);
    assert.deepEqual(
      events.filter(([type]) => type == "token-changed"),
      [["token-changed", "refresh"]],
    );
    refresher.close();
  });

  test("a page that is closed before it was idle loads nothing", async () => {
    const { refresher, steps } = opened(shelf(await left(login())));
    await settle();
    refresher.close();
    idle.forEach(({ work }) => work());
    await settle();
    assert.deepEqual(steps, []);
  });

  test("a page without a session: each call is answered", async () => {
    const { refresher } = opened(shelf(null));
    await settle();
    const answers = [];
    for (const ask of ["getAccessToken", "load", "getTokens"])
      refresher[ask]().then(
        (tokens) => answers.push(tokens),
        ({ code }) => answers.push(code),
      );
    await settle();
    assert.deepEqual(answers.sort(), ["signed_out", "signed_out", null].sort());
    refresher.close();
  });

  test("a page whose core is on its way: each call is answered", async () => {
    const record = await left({ ...login(), expires_in: 40 });
    await time.pass(60 * SECOND);
    const { refresher } = opened(shelf(record));
    await Promise.resolve().then(() => {});
    for (let turn = 0; turn < 20; turn++) {
      assert.ok(await Promise.race([refresher.getAccessToken(), settle().then(settle)]), `turn ${turn}`);
      await Promise.resolve();
    }
    refresher.close();
  });

  test("a page that is thawed asks the core at once", async () => {
    const { refresher, steps } = opened(shelf(await left(login())));
    await settle();
    globalThis.document.dispatchEvent(new Event("resume"));
    await settle();
    assert.ok(steps.includes("resumed"), steps.join());
    refresher.close();
  });

  test("without a fresh token the core is loaded at once, and is told what was read", async () => {
    const record = await left({ ...login(), expires_in: 40 });
    await time.pass(60 * SECOND);
    const storage = shelf(record);
    const { refresher, steps } = opened(storage);
    await settle();
    assert.equal(steps[0], "loaded");
    assert.ok(await refresher.getAccessToken());
    assert.equal(server.requests.length, 1);
    assert.equal(storage.counts.load, 2, "before the core, and under the lock");
    refresher.close();
  });
});

test("webStorage is read at once by peek, without its lock", async () => {
  const area = new Map();
  area.getItem = (key) => area.get(key) ?? null;
  area.setItem = (key, value) => area.set(key, value);
  area.removeItem = (key) => area.delete(key);
  const storage = webStorage(area, "s");
  assert.equal(storage.peek(), null);
  const tokens = login();
  const refresher = createRefresher({ ...server.options, storage });
  await refresher.setTokens(tokens);
  refresher.close();
  assert.deepEqual(storage.peek(), await storage.load());
  const loads = [];
  const { refresher: early } = opened({ ...storage, load: () => (loads.push(1), storage.load()) });
  assert.equal(await early.getAccessToken(), tokens.access_token);
  assert.equal(loads.length, 0);
  early.close();
});

test("a token that is bound to another key is not handed out: a guarded storage is read through its guard", async () => {
  const record = await left({ ...login(), token_type: "DPoP" }, { dpop: dpop() });
  assert.ok(record.dpop_jkt);
  const storage = Object.assign(shelf(record), { peek: () => record });
  const { refresher, steps } = opened(storage, { dpop: dpop() });
  const got = await refresher.getTokens().catch((error) => error);
  assert.ok(steps.includes("demanded"));
  assert.notEqual(got.access_token, record.tokens.access_token);
  refresher.close();
});
