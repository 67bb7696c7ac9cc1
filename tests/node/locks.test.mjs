// Locks that are slow, fail, are never granted or are stolen: the session continues, and no token is used twice.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { heard } from "../leaks/search.mjs";
import { apart, context, contexts, outcomeOf, runOut, SECOND } from "./contexts.mjs";

test("a lock that is never granted costs a bounded time and no session", async () => {
  const { server, storage, all } = await contexts(1, { lock: () => new Promise(() => {}) });
  const before = JSON.stringify(await storage.load());
  const { reason, after } = await outcomeOf(all[0].refresher.getAccessToken());
  assert.deepEqual([reason.code, reason.retryable, reason.sessionEnded], ["lock_timeout", true, false]);
  assert.ok(after <= 11, `${after} s`);
  assert.equal(server.requests.length, 0);
  assert.equal(JSON.stringify(await storage.load()), before);
});

test("a valid token is served while a lock is never granted", async () => {
  const server = fakeAuthorizationServer();
  const { refresher } = context(server, memoryStorage(), { lock: () => new Promise(() => {}) });
  const login = server.login();
  await refresher.setTokens(login);
  assert.equal(await refresher.getAccessToken(), login.access_token);
  assert.equal(
    (await outcomeOf(refresher.getTokens({ minValiditySeconds: 3000 }))).value.access_token,
    login.access_token,
  );
});

for (const [name, lock] of Object.entries({
  throws: () => {
    throw new Error("the lock service is down");
  },
  rejects: async () => Promise.reject(new Error("the lock service is down")),
}))
  test(`a lock of the host that ${name} is reported, and nothing is sent without it`, async () => {
    const { server, all } = await contexts(1, { lock });
    const { reason } = await outcomeOf(all[0].refresher.getAccessToken());
    assert.deepEqual([reason.code, reason.sessionEnded], ["storage_failed", false]);
    assert.equal(server.requests.length, 0);
    const told = all[0].events.find(({ type }) => type === "storage-failed");
    assert.deepEqual([told.operation, told.error.message], ["lock", "the lock service is down"]);
  });

test("a lock that is lost or stolen makes no second write", async () => {
  // It grants every request: the effect of a stolen Web Lock, an expired lease or a suspended lock holder.
  const server = fakeAuthorizationServer({ reuse: "always", rotate: true });
  const inner = memoryStorage();
  const writes = [];
  const storage = {
    load: inner.load,
    save(given, expected) {
      const written = inner.save(given, expected);
      if (written) writes.push([expected, given.generation]);
      return written;
    },
  };
  const { all } = await contexts(8, { server, storage, lock: (work) => work() });
  const { value } = await outcomeOf(Promise.all(all.map(({ refresher }) => refresher.getAccessToken())));
  assert.ok(value.every(Boolean));
  assert.ok(writes.length >= 3);
  for (const [index, [expected, written]] of writes.entries()) {
    assert.equal(expected, index ? writes[index - 1][1] : null, "each write replaces the one before it");
    assert.ok(index === 0 || written > expected);
  }
});

for (const [name, locks] of Object.entries({
  missing: undefined,
  "throwing at once": {
    request() {
      throw new DOMException("insecure", "SecurityError");
    },
  },
  rejecting: { request: () => Promise.reject(new DOMException("blocked", "SecurityError")) },
  "granting null": { request: (_name, _options, work) => work(null) },
  "not there": null,
}))
  test(`where navigator.locks is ${name}, a refresh works and capabilities say so`, async () => {
    await withLocks(locks, async () => {
      const { server, all } = await contexts(2);
      const { value } = await outcomeOf(Promise.all(all.map(({ refresher }) => refresher.getAccessToken())));
      assert.equal(new Set(value).size, 1);
      assert.equal(server.requests.length, 1);
      if (name !== "granting null") assert.equal(all[0].refresher.capabilities.crossContextLock, false);
    });
  });

test("the name of a Web Lock contains no secret and is unique to the session", async () => {
  const names = [];
  const locks = {
    async request(name, _options, work) {
      names.push(name);
      heard("the name of a Web Lock", name);
      return work({ name });
    },
  };
  await withLocks(locks, async () => {
    const server = fakeAuthorizationServer();
    const named = (name) => ({ ...apart(memoryStorage()), name });
    for (const storage of [named("one"), named("one"), named("two")]) {
      const { refresher } = context(server, storage);
      assert.equal(refresher.capabilities.crossContextLock, true);
      await refresher.setTokens(runOut(server.login()));
      await refresher.getAccessToken();
    }
  });
  assert.equal(new Set(names).size, 2);
});

test("a lock is released only after the new token is stored or the save has failed", async () => {
  const inner = memoryStorage();
  let failing = false;
  const trail = [];
  const storage = {
    conditionalSave: true,
    load: inner.load,
    save: (given, expected) => {
      trail.push(failing ? "failed save" : "save");
      if (failing) throw new Error("disk full");
      return inner.save(given, expected);
    },
    lock: async (work) => {
      trail.push("locked");
      await work();
      trail.push("unlocked");
    },
  };
  const server = fakeAuthorizationServer();
  const fetch = async (...request) => {
    trail.push("request");
    const reply = await server.fetch(...request);
    failing = true;
    return reply;
  };
  const { refresher } = context(server, storage, { fetch });
  await refresher.setTokens(runOut(server.login()));
  trail.length = 0;
  const { value } = await outcomeOf(refresher.getAccessToken());
  assert.ok(value);
  assert.deepEqual(trail, [
    "locked",
    "save",
    "request",
    "failed save",
    "failed save",
    "failed save",
    "unlocked",
  ]);
});

async function withLocks(locks, work) {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", {
    value: locks === null ? undefined : { userAgent: "test", locks },
    configurable: true,
  });
  try {
    await work();
  } finally {
    if (before) Object.defineProperty(globalThis, "navigator", before);
    else delete globalThis.navigator;
  }
}

test("a holder that lost its lock during a request reads the storage before it writes", async () => {
  const inner = memoryStorage();
  const calls = [];
  const storage = {
    load: () => (calls.push("load"), inner.load()),
    save: (record, expected) => (calls.push(record.pending ? "mark" : "save"), inner.save(record, expected)),
  };
  let isHeld = true;
  const server = fakeAuthorizationServer();
  const fetch = async (...given) => {
    await new Promise((resolve) => setTimeout(resolve, 3 * SECOND));
    isHeld = false;
    return server.fetch(...given);
  };
  const lock = (work) => work({ isHeld: () => isHeld, passedOn: "released" });
  const { all } = await contexts(1, { server, storage, lock, fetch });
  calls.length = 0;
  const { value } = await outcomeOf(all[0].refresher.getAccessToken());
  assert.equal(value, (await inner.load()).tokens.access_token);
  assert.deepEqual(calls, ["load", "mark", "load", "save"]);
  assert.equal(server.requests.length, 1);
});

test("a lock that cannot tell whether it is held counts as lost, and nothing is sent under it", async () => {
  let asked = 0;
  const isHeld = () => {
    asked++;
    throw new Error("the lock service is away");
  };
  const headers = { "x-slow": () => new Promise((resolve) => setTimeout(resolve, 3 * SECOND, "1")) };
  const { server, all } = await contexts(1, { lock: (work) => work({ isHeld }), headers });
  const { reason } = await outcomeOf(all[0].refresher.getAccessToken({ timeoutSeconds: 10 }));
  assert.equal(reason.code, "timeout");
  assert.ok(asked > 0);
  assert.equal(server.requests.length, 0);
});

for (const [passedOn, sent] of [
  ["released", 1],
  ["silent", 0],
])
  test(`a mark that is found under a lock whose holder before was ${passedOn} is ${sent ? "" : "not "}taken for abandoned`, async () => {
    const { server, storage, all } = await contexts(1, { lock: (work) => work({ passedOn }) });
    const record = await storage.load();
    const fingerprint = fingerprintOf(record.tokens.refresh_token);
    const pending = { attempt: "another-1", started_at: Date.now() / 1000, fingerprint };
    const marked = { ...record, generation: record.generation + 1, pending };
    assert.ok(await storage.save(marked, record.generation));
    await outcomeOf(all[0].refresher.getAccessToken({ timeoutSeconds: 15 }));
    assert.equal(server.requests.length, sent);
  });

/** As core/record.rs makes it: FNV-1a of 64 bits. */
function fingerprintOf(token) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(token)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}
