// Is there a session? load(), the event state-changed, loginRequired, methods that are taken off, frozen tokens.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { createRefresher, RefreshError } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { settle } from "./virtual-time.mjs";

const states = (refresher) => {
  const seen = [];
  refresher.addEventListener("state-changed", ({ detail }) =>
    seen.push(`${detail.previous} > ${detail.state}`),
  );
  return seen;
};

/** A storage that holds a session, or nothing. */
async function stored(server, tokens) {
  const storage = memoryStorage();
  if (!tokens) return storage;
  const refresher = createRefresher({ ...server.options, storage });
  await refresher.setTokens(tokens);
  refresher.close();
  return storage;
}

test("load reads a stored session, sends nothing and tells of the state", async () => {
  const server = fakeAuthorizationServer();
  const login = server.login();
  const storage = await stored(server, { ...login, expires_in: 0 });
  const refresher = createRefresher({ ...server.options, storage, background: "never" });
  const seen = states(refresher);
  assert.equal(refresher.state, "unknown");
  const tokens = await refresher.load();
  assert.equal(tokens.access_token, login.access_token);
  assert.equal(refresher.tokens, tokens);
  assert.equal(server.requests.length, 0, "although the access token has expired");
  await settle();
  assert.deepEqual(seen, ["unknown > active"]);
  assert.equal(await refresher.load(), tokens);
});

test("load without a session is null, and the state is signed-out", async () => {
  const server = fakeAuthorizationServer();
  const refresher = createRefresher({ ...server.options, storage: await stored(server) });
  const seen = states(refresher);
  assert.deepEqual(await Promise.all([refresher.load(), refresher.load()]), [null, null]);
  await settle();
  assert.deepEqual(seen, ["unknown > signed-out"]);
});

test("load takes the tokens of the options where the storage is empty", async () => {
  const server = fakeAuthorizationServer();
  const refresher = createRefresher({ ...server.options, tokens: server.login() });
  assert.ok((await refresher.load()).access_token);
  assert.equal(server.requests.length, 0);
});

test("load rejects where the storage cannot be read, with the storage's error as the cause", async () => {
  const server = fakeAuthorizationServer();
  let isBroken = true;
  const refresher = createRefresher({
    ...server.options,
    storage: {
      load: () =>
        isBroken ? Promise.reject(Object.assign(new Error("db is down"), { code: "ECONNREFUSED" })) : null,
      save: () => {},
    },
  });
  const error = await refresher.load().catch((reason) => reason);
  assert.deepEqual([error.code, error.cause.code], ["storage_failed", "ECONNREFUSED"]);
  isBroken = false;
  assert.equal(await refresher.load(), null, "a later call reads again");
  refresher.close();
});

test("load rejects where what is stored is no record", async () => {
  const server = fakeAuthorizationServer();
  const refresher = createRefresher({
    ...server.options,
    storage: { load: () => ({ format: 9 }), save: () => {} },
  });
  await assert.rejects(refresher.load(), { code: "storage_failed" });
  refresher.close();
});

test("load rejects with the reason of its signal, and after close with closed", async () => {
  const server = fakeAuthorizationServer();
  const refresher = createRefresher({
    ...server.options,
    storage: { load: () => new Promise(() => {}), save: () => {} },
  });
  const controller = new AbortController();
  const reading = refresher.load({ signal: controller.signal });
  const other = refresher.load();
  await settle();
  controller.abort(new Error("the page is gone"));
  await assert.rejects(reading, /the page is gone/);
  await assert.rejects(refresher.load({ signal: controller.signal }), /the page is gone/);
  refresher.close();
  await assert.rejects(other, { code: "closed" });
  await assert.rejects(refresher.load(), { code: "closed" });
});

test("state-changed follows a session from login over a refresh to its end", async () => {
  const server = fakeAuthorizationServer();
  const refresher = createRefresher({ ...server.options, background: "never" });
  const seen = states(refresher);
  await refresher.load();
  await refresher.setTokens(server.login());
  await refresher.refresh();
  server.revokeAll();
  await assert.rejects(refresher.refresh());
  await settle();
  assert.deepEqual(seen, [
    "unknown > signed-out",
    "signed-out > active",
    "active > refreshing",
    "refreshing > active",
    "active > refreshing",
    "refreshing > session-ended",
  ]);
});

test("only a login helps after session_ended, signed_out and identity_mismatch", () => {
  for (const code of ["session_ended", "signed_out", "identity_mismatch"]) {
    const error = new RefreshError({ code });
    assert.equal(error.loginRequired, true, code);
    assert.equal(error.toJSON().loginRequired, true, code);
  }
  for (const code of [
    "client_rejected",
    "unavailable",
    "outcome_unknown",
    "bad_response",
    "storage_failed",
    "lock_timeout",
    "timeout",
    "closed",
    "engine_failed",
  ])
    assert.equal(new RefreshError({ code }).loginRequired, false, code);
});

test("a visitor who never logged in gets signed_out with loginRequired", async () => {
  const server = fakeAuthorizationServer();
  const error = await createRefresher(server.options)
    .getAccessToken()
    .catch((reason) => reason);
  assert.deepEqual([error.code, error.loginRequired, error.sessionEnded], ["signed_out", true, false]);
});

test("methods that are taken off the refresher work", async () => {
  const server = fakeAuthorizationServer();
  const {
    setTokens,
    getAccessToken,
    getTokens,
    refresh,
    load,
    signOut,
    close,
    addEventListener,
    removeEventListener,
  } = createRefresher({ ...server.options, background: "never" });
  const sources = [];
  const listener = ({ detail }) => sources.push(detail.source);
  addEventListener("token-changed", listener);
  assert.equal(await load(), null);
  await setTokens(server.login());
  assert.equal(await getAccessToken(), (await getTokens()).access_token);
  await refresh();
  await settle();
  removeEventListener("token-changed", listener);
  await signOut();
  await settle();
  assert.deepEqual(sources, ["login", "refresh"]);
  close();
  await assert.rejects(getAccessToken(), { code: "closed" });
});

test("a TokenSet is frozen: a caller cannot change what other callers send", async () => {
  const server = fakeAuthorizationServer();
  const refresher = createRefresher({ ...server.options, background: "never" });
  const tokens = await refresher.setTokens(server.login());
  assert.throws(() => (tokens.access_token = "changed"), TypeError);
  assert.ok(Object.isFrozen(await refresher.getTokens()));
  assert.ok(Object.isFrozen(await refresher.refresh()));
});

test("many callers with one signal add one listener, and leave none", async () => {
  const server = fakeAuthorizationServer();
  server.next({ fault: "slow", seconds: 0.05 });
  const refresher = createRefresher({
    ...server.options,
    tokens: { refresh_token: server.login().refresh_token },
  });
  const { signal } = new AbortController();
  const waiting = Array.from({ length: 30 }, () => refresher.getAccessToken({ signal }));
  assert.equal(getEventListeners(signal, "abort").length, 1);
  await Promise.all(waiting);
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("one signal aborts all its callers and no other", async () => {
  const server = fakeAuthorizationServer();
  server.next({ fault: "slow", seconds: 0.5 });
  const refresher = createRefresher({
    ...server.options,
    tokens: { refresh_token: server.login().refresh_token },
  });
  const controller = new AbortController();
  const gone = Array.from({ length: 5 }, () => refresher.getAccessToken({ signal: controller.signal }));
  const stays = refresher.getAccessToken({ signal: new AbortController().signal });
  await settle();
  controller.abort();
  for (const { status, reason } of await Promise.allSettled(gone))
    assert.deepEqual([status, reason?.name], ["rejected", "AbortError"]);
  assert.ok(await stays);
});

test("two sign-outs at once fire one event, as one does", async () => {
  for (const count of [1, 2]) {
    const server = fakeAuthorizationServer();
    const refresher = createRefresher({ ...server.options, tokens: server.login() });
    await refresher.getTokens();
    const sources = [];
    refresher.addEventListener("token-changed", ({ detail }) => sources.push(detail.source));
    await Promise.all(Array.from({ length: count }, () => refresher.signOut()));
    assert.deepEqual(sources, ["sign-out"]);
  }
});
