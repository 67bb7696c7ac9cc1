// Before the core: storages that hang, fail or have a guard, and pages that are idle, closed, thawed or without a session.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { dpop } from "oauth-refresher/dpop";
import { webStorage } from "oauth-refresher/storage";
import { SECOND, left, login, opened, server, shelf, time } from "./before-core.mjs";
import { createRefresher } from "../node_modules/oauth-refresher/entry/browser.js";
import { createRefresher as withCoreInline } from "../node_modules/oauth-refresher/entry/inline.js";
import { settle } from "./virtual-time.mjs";

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
