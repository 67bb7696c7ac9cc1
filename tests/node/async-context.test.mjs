// What a refresh calls sees the AsyncLocalStorage of where the refresher was made, and never that of a caller: one refresh is for all.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { until } from "./session.mjs";

const tenant = new AsyncLocalStorage();
const API = "https://api.example";

/** A refresher that one tenant makes, and who was seen by what it calls. */
function made(by, { storage = memoryStorage(), server = fakeAuthorizationServer(), ...options } = {}) {
  const seen = [];
  const see =
    (name, work) =>
    (...given) => {
      seen.push(`${name}: ${tenant.getStore()}`);
      return work?.(...given);
    };
  const watched = {
    conditionalSave: true,
    load: see("load", storage.load),
    save: see("save", storage.save),
    lock: see("lock", (work) => work()),
    subscribe: see("subscribe", storage.subscribe),
  };
  const fetch = async (input, init) => {
    const isApi = new URL(input.url ?? input).origin === API;
    seen.push(`${isApi ? "request to the API" : "fetch"}: ${tenant.getStore()}`);
    return isApi ? new Response("", { status: 401 }) : server.fetch(input, init);
  };
  const refresher = tenant.run(by, () =>
    createRefresher({
      ...server.options,
      origins: [API],
      storage: watched,
      fetch,
      headers: { "x-id": see("header", () => "1") },
      waitUntil: see("waitUntil"),
      trace: see("trace"),
      ...options,
    }),
  );
  for (const type of ["token-changed", "state-changed", "storage-failed"])
    refresher.addEventListener(type, see(type));
  /** Which of them, each once. */
  const sorted = () => [...new Set(seen)].sort();
  return { refresher, server, seen, sorted };
}

const runOut = (tokens) => ({ ...tokens, expires_in: undefined, expires_at: 1 });
const EVERYTHING = ["fetch", "header", "load", "lock", "save", "state-changed", "subscribe"];
const all = (who) => [...EVERYTHING, "token-changed", "trace", "waitUntil"].map((name) => `${name}: ${who}`);

test("everything that a call begins sees who made the refresher, and the caller sees itself", async () => {
  const { refresher, server, sorted } = made("creator");
  await tenant.run("first caller", async () => {
    await refresher.setTokens(runOut(server.login()));
    await refresher.getAccessToken();
    assert.equal(tenant.getStore(), "first caller");
  });
  assert.deepEqual(sorted(), all("creator"));
  refresher.close();
});

for (const [name, begin] of Object.entries({
  load: (refresher) => refresher.load(),
  signOut: (refresher) => refresher.signOut(),
  refresh: (refresher) => refresher.refresh().catch(() => {}),
  "a listener": (refresher, { seen }) => {
    refresher.addEventListener("session-ended", () => {});
    return until(() => seen.length);
  },
}))
  test(`${name} as the first call of another tenant begins nothing in that one's context`, async () => {
    const one = made("creator");
    await tenant.run("caller", () => begin(one.refresher, one));
    one.refresher.close();
    assert.ok(one.seen.length);
    for (const each of one.seen) assert.match(each, /: creator$/);
  });

test("a refresh in the background sees who made the refresher", async () => {
  const { refresher, server, seen, sorted } = made("creator", {
    background: "always",
    keepAliveSeconds: 0.2,
  });
  await tenant.run("caller", () => refresher.setTokens(server.login()));
  seen.length = 0;
  await until(() => server.requests.length === 1 && seen.includes("token-changed: creator"));
  refresher.close();
  for (const each of sorted()) assert.match(each, /: creator$/);
});

test("news of another context, a jump of the clock and an aborted caller begin nothing in their own", async () => {
  const storage = memoryStorage();
  const server = fakeAuthorizationServer();
  const one = made("one", { storage, server });
  const other = made("other", { storage, server });
  await tenant.run("a caller of one", () => one.refresher.load());
  await tenant.run("a caller of the other", () => other.refresher.setTokens(server.login()));
  await until(() => one.refresher.tokens);

  const { now } = Date;
  Date.now = () => now() + 60_000;
  try {
    await tenant.run("a late caller", () => one.refresher.getAccessToken());
  } finally {
    Date.now = now;
  }

  const leaving = new AbortController();
  const { signal } = leaving;
  const left = tenant.run("a caller that leaves", () => one.refresher.getTokens({ signal, rejected: "x" }));
  tenant.run("who aborts", () => leaving.abort());
  await left.catch(() => {});
  await tenant.run("who closes", async () => (one.refresher.close(), other.refresher.close()));
  await new Promise(setImmediate);
  for (const [who, { seen }] of Object.entries({ one, other })) {
    assert.ok(seen.length);
    for (const each of seen) assert.equal(each.split(": ")[1], who, each);
  }
});

test("the request of refresher.fetch is the caller's, and the refresh that its 401 begins is not", async () => {
  const one = made("creator", {
    isTokenRejected: ({ status }) => (one.seen.push(`isTokenRejected: ${tenant.getStore()}`), status === 401),
  });
  const { refresher, server, seen, sorted } = one;
  await tenant.run("who logs in", () => refresher.setTokens(server.login()));
  seen.length = 0;
  await tenant.run("caller", async () => assert.equal((await refresher.fetch(`${API}/me`)).status, 401));
  refresher.close();
  assert.deepEqual(
    sorted().filter((each) => !each.endsWith(": creator")),
    ["isTokenRejected: caller", "request to the API: caller"],
  );
  assert.ok(seen.includes("fetch: creator"));
});

test("where each function of process throws, as in Next's edge runtime, a refresher works", async (t) => {
  t.mock.method(process, "getBuiltinModule", () => {
    throw new Error(
      "A Node.js API is used (process.getBuiltinModule) which is not supported in the Edge Runtime.",
    );
  });
  const server = fakeAuthorizationServer();
  const refresher = createRefresher({ ...server.options, fetch: server.fetch, tokens: server.login() });
  assert.ok(await refresher.getAccessToken());
  refresher.close();
});
