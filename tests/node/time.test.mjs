// Clock skew, timers that do not fire, devices that sleep. In virtual time.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { callbackStorage, memoryStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { begin, HOUR, SECOND, time, unheard, within } from "./contexts.mjs";

const DAY = 24 * HOUR;
const LONGEST_TIMER = 2 ** 31 - 1;

// --- timers are hints ------------------------------------------------------------------------------------------------

test("without any timer a call still gets a valid token", async () => {
  const { server, refresher } = await begin({ background: "always" });
  const first = await refresher.getAccessToken();
  time.killTimers();
  await time.pass(30 * DAY);
  assert.equal(server.requests.length, 0, "nothing woke up");
  const { value } = await within(refresher.getAccessToken(), 0);
  assert.ok(value && value !== first);
  assert.equal(server.requests.length, 1);
});

test("a lifetime of ninety days overflows no timer and causes no early request", async () => {
  const { server, refresher } = await begin({ accessTokenSeconds: 90 * 86_400, background: "always" });
  await refresher.getAccessToken();
  await time.pass(DAY);
  assert.equal(server.requests.length, 0);
  await time.pass(88.9 * DAY);
  assert.equal(server.requests.length, 0);
  await time.pass(0.1 * DAY);
  assert.equal(server.requests.length, 1);
  assert.ok(time.delays.every((delay) => delay >= 0 && delay <= LONGEST_TIMER));
  assert.ok(time.delays.filter((delay) => delay === LONGEST_TIMER).length >= 3, "clamped, and armed again");
});

test("no lifetime, however absurd, makes a timer that fires at once", async () => {
  for (const expires_in of [1e9, 1e300, "1e12", -5, 0, "soon", null, Number.MAX_SAFE_INTEGER]) {
    const server = fakeAuthorizationServer();
    const refresher = createRefresher({ ...server.options, background: "always" });
    await refresher.setTokens({ ...server.login(), expires_in });
    await refresher.getAccessToken();
    time.delays.length = 0;
    await time.pass(DAY);
    assert.ok(time.delays.length < 5, `${expires_in}: ${time.delays.length} timers in a day`);
    assert.ok(time.delays.every(Number.isFinite));
    assert.equal(server.requests.length, 0, String(expires_in));
    refresher.close();
  }
});

test("a timer without a waiting caller does not keep a program alive", async () => {
  const { server, refresher } = await begin({ background: "always", keepAliveSeconds: 600 });
  await time.settle();
  assert.ok(time.armed().length > 0);
  assert.ok(time.armed().every(({ isRef }) => !isRef));
  server.always("hang");
  await time.pass(HOUR);
  const waiting = refresher.getAccessToken({ timeoutSeconds: 5 });
  await time.settle();
  assert.ok(
    time.armed().some(({ isRef }) => isRef),
    "a caller that waits is a reason to stay",
  );
  const { reason } = await within(waiting, 6 * SECOND);
  assert.equal(reason.code, "timeout");
  server.always("html");
  await time.pass(60 * SECOND); // the request has its own timeout
  assert.ok(time.armed().every(({ isRef }) => !isRef));
});

test("close leaves no timer, no listener and no subscription", async () => {
  const inner = memoryStorage();
  let subscribed = 0;
  const storage = callbackStorage({
    ...inner,
    subscribe: (changed) => (subscribed++, inner.subscribe(changed), () => subscribed--),
  });
  const { refresher } = await begin({ storage, background: "always" });
  await time.settle();
  assert.deepEqual([subscribed, time.armed().length], [1, 1]);
  refresher.close();
  assert.deepEqual([subscribed, time.armed().length], [0, 0]);
  await assert.rejects(refresher.getAccessToken(), { code: "closed" });
});

test("mount, unmount, mount costs one request and leaves one timer", async () => {
  const server = fakeAuthorizationServer();
  const storage = memoryStorage();
  const options = { ...server.options, storage, background: "always" };
  const tokens = { ...server.login(), expires_in: undefined, expires_at: 1 };
  const first = createRefresher({ ...options, tokens });
  const lost = first.getAccessToken().catch(({ code }) => code);
  await Promise.resolve();
  first.close();
  const second = createRefresher({ ...options, tokens });
  const token = await second.getAccessToken();
  assert.equal(await lost, "closed");
  assert.ok(server.requests.length <= 1 && token, `${server.requests.length} requests`);
  await time.settle();
  assert.equal(time.armed().length, 1);
  assert.equal(server.revokedSessions, 0);
});

test("on Workers no timer outlives the calls", async () => {
  const { setInterval, clearInterval } = globalThis;
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  const beats = new Set();
  globalThis.setInterval = () => {
    const beat = {};
    beats.add(beat);
    return beat;
  };
  globalThis.clearInterval = (beat) => beats.delete(beat);
  Object.defineProperty(globalThis, "navigator", {
    value: { userAgent: "Cloudflare-Workers" },
    configurable: true,
  });
  try {
    const { refresher, server } = await begin({ background: "always", keepAliveSeconds: 60 });
    await time.settle();
    assert.equal(time.armed().length, 0, "nothing at rest");
    const token = await refresher.refresh();
    assert.ok(token);
    await time.settle();
    assert.deepEqual([time.armed().length, beats.size], [0, 0]);
    await time.pass(DAY);
    assert.equal(server.requests.length, 1, "nothing happens by itself");
  } finally {
    Object.assign(globalThis, { setInterval, clearInterval });
    if (before) Object.defineProperty(globalThis, "navigator", before);
    else delete globalThis.navigator;
  }
});

// --- clock skew ------------------------------------------------------------------------------------------------------

for (const [word, wrongMs] of [
  ["fast", DAY],
  ["slow", -DAY],
])
  test(`a clock that is a day ${word} and steady changes nothing`, async () => {
    time.setClock(wrongMs);
    const { server, refresher } = await begin({ background: "always" });
    const first = await refresher.getAccessToken();
    await time.pass(HOUR - 80 * SECOND);
    assert.equal(await refresher.getAccessToken(), first);
    assert.equal(server.requests.length, 0);
    await time.pass(20 * SECOND);
    assert.equal(server.requests.length, 1, "refreshed ahead of need, as with a right clock");
    await time.pass(12 * HOUR);
    assert.ok(server.requests.length <= 14, `${server.requests.length} requests in thirteen hours`);
    assert.equal(server.revokedSessions, 0);
  });

test("a clock that is set back costs one refresh and no loop", async () => {
  const { server, refresher } = await begin();
  const first = await refresher.getAccessToken();
  time.setClock(-DAY);
  const { value } = await within(refresher.getAccessToken(), SECOND);
  assert.notEqual(value, first, "how long the first one still lives is not known any more");
  assert.equal(server.requests.length, 1);
  for (let call = 0; call < 10; call++) assert.equal(await refresher.getAccessToken(), value);
  await time.pass(HOUR / 2);
  assert.equal(await refresher.getAccessToken(), value);
  assert.equal(server.requests.length, 1);
});

test("a clock that is set back does not extend the life of a token", async () => {
  const { server, refresher } = await begin();
  const first = await refresher.getAccessToken();
  await time.pass(HOUR - 600 * SECOND);
  time.setClock(-HOUR / 2); // it seems to be valid for forty minutes more
  const { value } = await within(refresher.getAccessToken(), SECOND);
  assert.notEqual(value, first);
  await time.pass(HOUR / 2);
  assert.equal(await refresher.getAccessToken(), value);
  assert.equal(server.requests.length, 1);
});

test("a clock that is set forward costs one refresh and no loop", async () => {
  const { server, refresher } = await begin();
  await refresher.getAccessToken();
  time.setClock(DAY);
  const { value } = await within(refresher.getAccessToken(), SECOND);
  for (let call = 0; call < 10; call++) assert.equal(await refresher.getAccessToken(), value);
  await time.pass(HOUR / 2);
  assert.equal(await refresher.getAccessToken(), value);
  assert.equal(server.requests.length, 1);
});

test("a record from the future is stale and refreshed once", async () => {
  const { server, storage, refresher } = await begin();
  refresher.close();
  time.setClock(-DAY);
  const next = createRefresher({ ...server.options, storage });
  const stored = (await storage.load()).tokens.access_token;
  const { value } = await within(next.getAccessToken(), SECOND);
  assert.notEqual(value, stored);
  assert.equal(await next.getAccessToken(), value);
  assert.equal(server.requests.length, 1);
});

test("a 401 for a token that looks valid here refreshes once", async () => {
  time.setClock(-DAY); // on this device every token seems valid for a day too long
  const { server, refresher } = await begin();
  const rejected = await refresher.getAccessToken();
  const { value } = await within(refresher.getAccessToken({ rejected }), SECOND);
  assert.notEqual(value, rejected);
  assert.equal(server.requests.length, 1);
});

test("the lifetime counts from the time before the request", async () => {
  const { server, refresher } = await begin({ accessTokenSeconds: 100 });
  server.next({ fault: "slow", seconds: 20 });
  const { value } = await within(refresher.refresh(), 21 * SECOND);
  assert.ok(Math.abs(value.expires_at - (Date.now() / 1000 + 79)) < 1.5);
});

// --- sleep -----------------------------------------------------------------------------------------------------------

test("a device that slept serves no token that expired meanwhile", async () => {
  const { server, refresher } = await begin({ background: "always" });
  const first = await refresher.getAccessToken();
  time.sleep(8 * HOUR);
  const { value } = await within(refresher.getAccessToken(), SECOND);
  assert.notEqual(value, first);
  assert.equal(server.requests.length, 1);
});

test("a device that slept reads the storage before it serves a token", async () => {
  const storage = unheard(memoryStorage());
  const { server, refresher, events } = await begin({ storage, accessTokenSeconds: 86_400 });
  const first = await refresher.getAccessToken();
  const other = createRefresher({ ...server.options, storage });
  await other.refresh();
  assert.equal(await refresher.getAccessToken(), first, "no hint came");
  time.sleep(2 * HOUR);
  const { value } = await within(refresher.getAccessToken(), SECOND);
  assert.equal(value, await other.getAccessToken());
  await time.settle();
  assert.ok(events.types().includes("token-changed peer"));
  assert.equal(server.requests.length, 1);
});

test("a refresh that failed at wake-up is retried without a login", async () => {
  const { server, refresher } = await begin({ background: "always" });
  await refresher.getAccessToken();
  server.always("unsent"); // there is no network yet
  time.sleep(8 * HOUR);
  const early = await within(refresher.getAccessToken({ timeoutSeconds: 2 }), 3 * SECOND);
  assert.ok(["unavailable", "timeout"].includes(early.reason.code));
  assert.equal(early.reason.sessionEnded, false);
  server.always(null);
  await time.pass(90 * SECOND);
  assert.equal(server.requests.length, 1, "tried again by itself, with a pause");
  assert.ok(await refresher.getAccessToken());
});

test("a page that comes online or becomes visible retries at once", async () => {
  for (const [target, type, details] of [
    ["window", "online"],
    ["document", "visibilitychange"],
    ["window", "pageshow", { persisted: true }],
    ["document", "resume"],
  ]) {
    const page = openPage();
    try {
      const { server, refresher } = await begin();
      server.always("unsent");
      await time.pass(2 * HOUR);
      assert.equal(server.requests.length, 0);
      server.always(null);
      // every load of a page ends with one of these, and nothing was missed
      page.window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
      await time.settle();
      assert.equal(server.requests.length, 0);
      page[target].dispatchEvent(Object.assign(new Event(type), details));
      await time.settle();
      assert.equal(server.requests.length, 1, type);
      assert.ok(
        !page.types().some((each) => /unload/.test(each)),
        "such a page is not kept for the way back",
      );
      assert.equal(refresher.state, "active");
      refresher.close();
      assert.equal(page.listeners(), 0, "close() takes every listener away");
    } finally {
      page.close();
    }
  }
});

test("a hidden page does not refresh ahead, and a visible one does", async () => {
  const page = openPage();
  try {
    const { server, refresher } = await begin();
    page.document.visibilityState = "hidden";
    page.document.dispatchEvent(new Event("visibilitychange"));
    await time.pass(3 * HOUR);
    assert.equal(server.requests.length, 0);
    page.document.visibilityState = "visible";
    page.document.dispatchEvent(new Event("visibilitychange"));
    await time.settle();
    assert.equal(server.requests.length, 1);
    refresher.close();
  } finally {
    page.close();
  }
});

test("an idle session is kept alive at keepAliveSeconds", async () => {
  const { server } = await begin({ accessTokenSeconds: 30 * 86_400, keepAliveSeconds: 86_400 });
  await time.pass(10.5 * DAY);
  assert.equal(server.requests.length, 10);
});

// --- short lifetimes -------------------------------------------------------------------------------------------------

test("a token of twenty seconds is not refreshed in the first half of its life", async () => {
  const { server, refresher } = await begin({ accessTokenSeconds: 20, background: "always" });
  for (let second = 0; second < 10; second++) {
    await refresher.getAccessToken({ minValiditySeconds: 60 });
    await time.pass(SECOND);
  }
  assert.equal(server.requests.length, 0);
});

/** The part of a page that the package uses. */
function openPage() {
  const heard = new Map();
  const counting = (target) => {
    for (const [name, step] of [
      ["addEventListener", 1],
      ["removeEventListener", -1],
    ]) {
      const original = target[name].bind(target);
      target[name] = (type, ...rest) => {
        const count = (by) => heard.set(type, (heard.get(type) ?? 0) + by);
        count(step);
        rest[1]?.signal?.addEventListener("abort", () => count(-step));
        original(type, ...rest);
      };
    }
    return target;
  };
  const document = Object.assign(counting(new EventTarget()), { visibilityState: "visible" });
  const window = counting(new EventTarget());
  const globals = {
    document,
    addEventListener: window.addEventListener,
    removeEventListener: window.removeEventListener,
  };
  Object.assign(globalThis, globals);
  return {
    document,
    window,
    types: () => [...heard.keys()],
    listeners: () => [...heard.values()].reduce((sum, count) => sum + count, 0),
    close: () => Object.keys(globals).forEach((name) => delete globalThis[name]),
  };
}
