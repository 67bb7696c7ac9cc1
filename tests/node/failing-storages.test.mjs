// Storages that fail, hang or contain an invalid record: every call settles in bounded time, and nothing is lost.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { apart, context, outcomeOf, runOut, SECOND, time } from "./contexts.mjs";

test("a new token is not visible before it is stored", async () => {
  const inner = memoryStorage();
  const order = [];
  const storage = {
    conditionalSave: true,
    load: inner.load,
    save: async (given, expected) => {
      await new Promise((resolve) => setTimeout(resolve, SECOND));
      const written = inner.save(given, expected);
      order.push(given.pending ? "marked" : "stored");
      return written;
    },
  };
  const server = fakeAuthorizationServer();
  const { refresher } = context(server, storage);
  await outcomeOf(refresher.setTokens(runOut(server.login())));
  order.length = 0;
  refresher.addEventListener("token-changed", () => order.push("told"));
  const waiting = refresher.getAccessToken().then(() => order.push("answered"));
  await outcomeOf(waiting);
  await time.settle();
  assert.deepEqual(
    [...order.slice(0, 2), ...order.slice(2).sort()],
    ["marked", "stored", "answered", "told"],
  );
});

test("a storage that works again is used at once, however often it failed", async () => {
  const inner = memoryStorage();
  let failing = true;
  const load = () => {
    if (failing) throw new Error("away");
    return inner.load();
  };
  const server = fakeAuthorizationServer();
  const { refresher } = context(server, { ...inner, load });
  for (let call = 0; call < 40; call++)
    assert.equal((await outcomeOf(refresher.getAccessToken())).reason.code, "storage_failed");
  failing = false;
  const tokens = runOut(server.login());
  inner.save({ format: 1, generation: 1, tokens, obtained_at: Date.now() / 1000 - 1 }, null);
  const { value, after } = await outcomeOf(refresher.getAccessToken());
  assert.ok(value && after < 1, `after ${after} s`);
});

const broken = {
  throws: () => {
    throw new DOMException("denied", "SecurityError");
  },
  rejects: () => Promise.reject(new DOMException("full", "QuotaExceededError")),
  hangs: () => new Promise(() => {}),
};

for (const [how, fail] of Object.entries(broken)) {
  test(`a load that ${how} is answered in bounded time, is reported, and costs no session`, async () => {
    const inner = memoryStorage();
    let failing = true;
    const storage = {
      conditionalSave: true,
      load: () => (failing ? fail() : inner.load()),
      save: inner.save,
    };
    const server = fakeAuthorizationServer();
    const { refresher, events } = context(server, storage);
    const { reason, after } = await outcomeOf(refresher.getAccessToken());
    assert.deepEqual([reason.code, reason.sessionEnded], ["storage_failed", false]);
    assert.ok(after <= 20.5, `${after} s`);
    await time.settle();
    assert.equal(events.find(({ type }) => type === "storage-failed").operation, "load");
    failing = false;
    inner.save({ format: 1, generation: 1, tokens: server.login(), obtained_at: Date.now() / 1000 }, null);
    await time.pass(90 * SECOND);
    assert.ok(
      (await outcomeOf(refresher.getAccessToken())).value,
      "and a storage that is mended is read again",
    );
  });

  test(`a save that ${how} leaves the tokens in memory, is tried again, and the spent token is never sent`, async () => {
    const inner = memoryStorage();
    let failing = false;
    const storage = {
      conditionalSave: true,
      load: inner.load,
      save: (given, expected) => (failing ? fail() : inner.save(given, expected)),
    };
    const server = fakeAuthorizationServer();
    const { refresher, events } = context(server, storage, { timeoutSeconds: 60 });
    await refresher.setTokens(runOut(server.login()));
    failing = true;
    const { value } = await outcomeOf(refresher.getAccessToken(), 120);
    assert.ok(value, "a caller that would otherwise be rejected gets the token");
    assert.equal(events.find(({ type }) => type === "storage-failed").operation, "save");
    assert.equal(await refresher.getAccessToken(), value);
    assert.equal(server.requests.length, 1);
    failing = false;
    await time.pass(120 * SECOND);
    assert.equal((await inner.load()).tokens.access_token, value, "stored by the retry");
    assert.ok((await outcomeOf(refresher.refresh())).value);
    assert.deepEqual(
      server.requests.map(({ refreshTokenNumber }) => refreshTokenNumber),
      [1, 2],
    );
    assert.equal(server.revokedSessions, 0);
  });
}

for (const rubbish of [
  {},
  { format: 2, generation: 3 },
  "text",
  7,
  [],
  { format: 1, generation: 1 },
  { format: 1, generation: 1, tokens: "x", obtained_at: 1 },
  { format: 1, generation: 1, tokens: null, obtained_at: 1 },
  { format: 1, generation: 1, tokens: [null], obtained_at: null },
])
  test(`an invalid record (${JSON.stringify(rubbish)}) is reported, kept, and replaced by a login only`, async () => {
    let stored = rubbish;
    const storage = { load: () => stored, save: (given) => void (stored = given) };
    const server = fakeAuthorizationServer();
    const { refresher, events } = context(server, storage);
    const { reason } = await outcomeOf(refresher.getAccessToken());
    assert.equal(reason.code, "storage_failed");
    assert.deepEqual(stored, rubbish);
    await time.settle();
    assert.equal(events[0].type, "storage-failed");
    assert.equal(server.requests.length, 0);
    await outcomeOf(refresher.setTokens(server.login()));
    assert.equal(stored.format, 1);
  });

test("where the mark cannot be written, an optional refresh sends nothing and a needed one is sent", async () => {
  const stored = { format: 1, generation: 4, obtained_at: Date.now() / 1000 };
  const readOnly = {
    load: () => stored,
    save: () => {
      throw new Error("cookies cannot be written here");
    },
  };
  const server = fakeAuthorizationServer();
  stored.tokens = server.login();
  const { refresher } = context(server, readOnly, { timeoutSeconds: 60, lock: "none" });
  const wish = await outcomeOf(refresher.refresh());
  assert.equal(wish.reason?.code ?? wish.value?.access_token, "storage_failed");
  assert.equal(server.requests.length, 0);
  const need = await outcomeOf(refresher.getAccessToken({ rejected: stored.tokens.access_token }));
  assert.ok(need.value);
  assert.equal(server.requests.length, 1);
});

test("where others share the lock, a mark that cannot be written stops no refresh token that the server takes twice", async () => {
  const server = fakeAuthorizationServer({ reuse: "always" });
  const stored = { format: 1, generation: 4, obtained_at: Date.now() / 1000, tokens: server.login() };
  const readOnly = {
    load: () => stored,
    save: () => Promise.reject(new Error("cookies cannot be written here")),
  };
  const { refresher } = context(server, readOnly, { timeoutSeconds: 60, lock: (work) => work() });
  const { value } = await outcomeOf(refresher.getAccessToken({ rejected: stored.tokens.access_token }));
  assert.ok(value);
  assert.equal(server.requests.length, 1);
});

test("where others share the lock and the mark cannot be written, nothing is sent and a valid token is served", async () => {
  const server = fakeAuthorizationServer();
  const inner = memoryStorage();
  let isFull = false;
  const storage = {
    ...apart(inner),
    save(record, expected) {
      if (isFull) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
      return inner.save(record, expected);
    },
  };
  const { refresher } = context(server, storage, { lock: (work) => work() });
  const login = server.login();
  await refresher.setTokens(login);
  isFull = true;
  const wish = await outcomeOf(refresher.getAccessToken({ minValiditySeconds: 3500 }));
  assert.equal(wish.value, login.access_token);
  const { reason } = await outcomeOf(refresher.getAccessToken({ rejected: login.access_token }));
  assert.deepEqual(
    [reason.code, reason.retryable, reason.refreshTokenState, reason.cause.code],
    ["storage_failed", true, "unspent", "ENOSPC"],
  );
  assert.equal(server.requests.length, 0);
  isFull = false;
  const { value } = await outcomeOf(refresher.getAccessToken({ rejected: login.access_token }));
  assert.ok(value && value !== login.access_token);
  assert.equal(server.requests.length, 1);
});

test("what a lock threw is the cause, also after the storage was read behind it", async () => {
  const server = fakeAuthorizationServer();
  const lock = () => Promise.reject(Object.assign(new Error("no quorum"), { code: "ELOCK" }));
  const { refresher } = context(server, memoryStorage(), { lock });
  await refresher.setTokens(runOut(server.login()));
  const events = [];
  refresher.addEventListener("storage-failed", ({ detail }) => events.push(detail));
  const { reason } = await outcomeOf(refresher.getAccessToken());
  assert.deepEqual([reason.code, reason.refreshTokenState], ["storage_failed", "unspent"]);
  assert.deepEqual([reason.cause?.message, reason.cause?.code], ["no quorum", "ELOCK"]);
  assert.deepEqual([events[0].operation, events[0].error.code], ["lock", "ELOCK"]);
  assert.equal(server.requests.length, 0);
});

test("a storage without save is refused at once", () => {
  assert.throws(
    () => createRefresher({ token_endpoint: "https://a.example/t", storage: { load: () => null } }),
    {
      name: "TypeError",
      message: /^storage must be an object with load\(\) and save\(\)/,
    },
  );
});

test("calls before the first load share it", async () => {
  let loads = 0;
  const inner = memoryStorage();
  const server = fakeAuthorizationServer();
  inner.save({ format: 1, generation: 1, tokens: server.login(), obtained_at: Date.now() / 1000 }, null);
  const storage = {
    conditionalSave: true,
    save: inner.save,
    load: async () => {
      loads++;
      await new Promise((resolve) => setTimeout(resolve, SECOND));
      return inner.load();
    },
  };
  const { refresher } = context(server, storage);
  const { value } = await outcomeOf(
    Promise.all(Array.from({ length: 20 }, () => refresher.getAccessToken())),
  );
  assert.equal(new Set(value).size, 1);
  assert.deepEqual([loads, server.requests.length], [1, 0]);
});

test("tokens that are set during the first load are not overwritten by it", async () => {
  const server = fakeAuthorizationServer();
  const inner = memoryStorage();
  inner.save({ format: 1, generation: 1, tokens: server.login(), obtained_at: Date.now() / 1000 }, null);
  const storage = {
    conditionalSave: true,
    save: inner.save,
    load: () => new Promise((resolve) => setTimeout(() => resolve(inner.load()), SECOND)),
  };
  const { refresher } = context(server, storage);
  refresher.getAccessToken().catch(() => {});
  await time.settle();
  const login = server.login();
  await outcomeOf(refresher.setTokens(login));
  await time.pass(5 * SECOND);
  assert.equal(await refresher.getAccessToken(), login.access_token);
  assert.equal(inner.load().tokens.access_token, login.access_token);
});
