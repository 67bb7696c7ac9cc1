// Clocks that are wrong, timers that do not fire, devices that sleep: with the device's time in the test's hand.
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

test("without_any_timer_a_call_alone_still_gets_a_valid_token", async () => {
  const { server, refresher } = await begin({ background: "always" });
  const first = await refresher.getAccessToken();
  time.killTimers();
  await time.pass(30 * DAY);
  assert.equal(server.requests.length, 0, "nothing woke up");
  const { value } = await within(refresher.getAccessToken(), 0);
  assert.ok(value && value !== first);
  assert.equal(server.requests.length, 1);
});

test("a_lifetime_of_ninety_days_arms_no_timer_that_overflows_and_asks_for_nothing_before_its_time", async () => {
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

test("no_lifetime_however_absurd_makes_a_timer_that_fires_at_once", async () => {
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

test("a_timer_that_nobody_waits_for_keeps_no_program_alive", async () => {
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
  await time.pass(60 * SECOND); // the request has its own time
  assert.ok(time.armed().every(({ isRef }) => !isRef));
});

test("close_leaves_no_timer_no_listener_and_no_subscription_behind", async () => {
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

test("mount_unmount_mount_costs_one_request_and_leaves_one_timer", async () => {
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

test("on_workers_no_timer_outlives_the_calls", async () => {
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

// --- clocks that are wrong -------------------------------------------------------------------------------------------

for (const [word, wrongMs] of [
  ["fast", DAY],
  ["slow", -DAY],
])
  test(`a_clock_that_is_a_day_${word}_and_steady_changes_nothing`, async () => {
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

test("a_clock_that_is_set_back_costs_one_refresh_and_no_loop", async () => {
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

test("a_clock_that_is_set_back_within_the_life_of_a_token_prolongs_it_by_nothing", async () => {
  const { server, refresher } = await begin();
  const first = await refresher.getAccessToken();
  await time.pass(HOUR - 600 * SECOND);
  time.setClock(-HOUR / 2); // it seems to be good for forty minutes more
  const { value } = await within(refresher.getAccessToken(), SECOND);
  assert.notEqual(value, first);
  await time.pass(HOUR / 2);
  assert.equal(await refresher.getAccessToken(), value);
  assert.equal(server.requests.length, 1);
});

test("a_clock_that_is_set_forward_costs_one_refresh_and_no_loop", async () => {
  const { server, refresher } = await begin();
  await refresher.getAccessToken();
  time.setClock(DAY);
  const { value } = await within(refresher.getAccessToken(), SECOND);
  for (let call = 0; call < 10; call++) assert.equal(await refresher.getAccessToken(), value);
  await time.pass(HOUR / 2);
  assert.equal(await refresher.getAccessToken(), value);
  assert.equal(server.requests.length, 1);
});

test("a_record_from_the_future_is_stale_and_refreshed_once", async () => {
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

test("a_401_for_a_token_that_looks_valid_here_refreshes_once", async () => {
  time.setClock(-DAY); // this device believes in every token a day too long
  const { server, refresher } = await begin();
  const rejected = await refresher.getAccessToken();
  const { value } = await within(refresher.getAccessToken({ rejected }), SECOND);
  assert.notEqual(value, rejected);
  assert.equal(server.requests.length, 1);
});

test("the_lifetime_counts_from_the_moment_before_the_request", async () => {
  const { server, refresher } = await begin({ accessTokenSeconds: 100 });
  server.next({ fault: "slow", seconds: 20 });
  const { value } = await within(refresher.refresh(), 21 * SECOND);
  assert.ok(Math.abs(value.expires_at - (Date.now() / 1000 + 79)) < 1.5);
});

// --- sleep -----------------------------------------------------------------------------------------------------------

test("a_device_that_slept_serves_no_token_that_ran_out_meanwhile", async () => {
  const { server, refresher } = await begin({ background: "always" });
  const first = await refresher.getAccessToken();
  time.sleep(8 * HOUR);
  const { value } = await within(refresher.getAccessToken(), SECOND);
  assert.notEqual(value, first);
  assert.equal(server.requests.length, 1);
});

test("a_device_that_slept_reads_the_storage_before_it_hands_anything_out", async () => {
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

test("a_refresh_that_failed_at_the_moment_of_waking_is_tried_again_without_a_login", async () => {
  const { server, refresher } = await begin({ background: "always" });
  await refresher.getAccessToken();
  server.always("unsent"); // the network is not up yet
  time.sleep(8 * HOUR);
  const early = await within(refresher.getAccessToken({ timeoutSeconds: 2 }), 3 * SECOND);
  assert.ok(["unavailable", "timeout"].includes(early.reason.code));
  assert.equal(early.reason.sessionEnded, false);
  server.always(null);
  await time.pass(90 * SECOND);
  assert.equal(server.requests.length, 1, "tried again by itself, with a pause");
  assert.ok(await refresher.getAccessToken());
});

test("a_page_that_comes_online_or_is_shown_tries_again_at_once", async () => {
  for (const [target, type] of [
    ["window", "online"],
    ["document", "visibilitychange"],
    ["window", "pageshow"],
    ["document", "resume"],
  ]) {
    const page = openPage();
    try {
      const { server, refresher } = await begin();
      server.always("unsent");
      await time.pass(2 * HOUR);
      assert.equal(server.requests.length, 0);
      server.always(null);
      page[target].dispatchEvent(new Event(type));
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

test("a_hidden_page_rests_and_a_shown_one_refreshes_ahead_of_need", async () => {
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

test("an_idle_session_is_kept_alive_as_often_as_it_was_asked_for", async () => {
  const { server } = await begin({ accessTokenSeconds: 30 * 86_400, keepAliveSeconds: 86_400 });
  await time.pass(10.5 * DAY);
  assert.equal(server.requests.length, 10);
});

// --- a short life --------------------------------------------------------------------------------------------------

test("a_token_of_twenty_seconds_is_not_refreshed_in_the_first_half_of_its_life", async () => {
  const { server, refresher } = await begin({ accessTokenSeconds: 20, background: "always" });
  for (let second = 0; second < 10; second++) {
    await refresher.getAccessToken({ minValiditySeconds: 60 });
    await time.pass(SECOND);
  }
  assert.equal(server.requests.length, 0);
});

/** As much of a page as the package looks at. */
function openPage() {
  const heard = new Map();
  const counting = (target) => {
    for (const [name, step] of [
      ["addEventListener", 1],
      ["removeEventListener", -1],
    ]) {
      const original = target[name].bind(target);
      target[name] = (type, ...rest) => {
        heard.set(type, (heard.get(type) ?? 0) + step);
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
