// Contexts that share a record: single-flight, which write wins, and that no session is lost.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { apart, context, contexts, hostLock, outcomeOf, row, runOut, SECOND, time } from "./contexts.mjs";

// --- one request -----------------------------------------------------------------------------------------------------

for (const [name, storage] of Object.entries({
  "a storage that compares": memoryStorage,
  "a plain row": row,
}))
  for (const count of [2, 3, 8])
    test(`${count} contexts under a lock of the host, with ${name}, send one request`, async () => {
      const { server, all } = await contexts(count, { storage: storage(), lock: hostLock() });
      const { value } = await outcomeOf(Promise.all(all.map(({ refresher }) => refresher.getAccessToken())));
      assert.equal(new Set(value).size, 1);
      assert.equal(server.requests.length, 1);
      assert.equal(server.revokedSessions, 0);
    });

for (const count of [2, 3, 8])
  test(`${count} contexts without any lock send one request where the storage compares`, async () => {
    const { server, all } = await contexts(count, { lock: "none" });
    const { value } = await outcomeOf(Promise.all(all.map(({ refresher }) => refresher.getAccessToken())));
    assert.equal(new Set(value).size, 1);
    assert.equal(server.requests.length, 1);
  });

test("a context that waited for the lock adopts the new tokens and sends nothing", async () => {
  const lock = hostLock();
  const { server, all } = await contexts(2, { lock });
  server.next({ fault: "slow", seconds: 2 });
  const first = all[0].refresher.getAccessToken();
  await time.pass(SECOND);
  const second = all[1].refresher.getAccessToken();
  await time.settle();
  assert.equal(lock.waiting, 1);
  await time.pass(2 * SECOND);
  assert.equal(await first, await second);
  assert.equal(server.requests.length, 1);
  assert.deepEqual(all[1].events.types(), ["token-changed peer"]);
});

test("two users of one process share nothing", async () => {
  const server = fakeAuthorizationServer();
  const users = [1, 2].map(() => context(server, memoryStorage()).refresher);
  await Promise.all(users.map((user) => user.setTokens(runOut(server.login()))));
  const [ada, bob] = await Promise.all(users.map((user) => user.getAccessToken()));
  assert.notEqual(ada, bob);
  assert.equal(server.requests.length, 2);
  await users[0].signOut();
  assert.equal(await users[1].getAccessToken(), bob);
  assert.equal(users[0].tokens, null);
});

// --- losers and winners ----------------------------------------------------------------------------------------------

test("a context whose token is refused adopts the winner's tokens and clears nothing", async () => {
  const server = fakeAuthorizationServer({ revokeFamily: false });
  const late = async (...request) => {
    await new Promise((resolve) => setTimeout(resolve, 2 * SECOND));
    return server.fetch(...request);
  };
  const { storage, all } = await contexts(1, { server, fetch: late });
  const [loser, winner] = [all[0], context(server, apart(storage))];
  // A request of the loser is in-flight while a context that ignores lock and mark finishes first.
  const lost = loser.refresher.getAccessToken();
  await time.pass(SECOND);
  const stored = await storage.load();
  const reply = await server.fetch(server.token_endpoint, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "refresh_token",
      client_id: server.client_id,
      refresh_token: stored.tokens.refresh_token,
    }),
  });
  const tokens = await reply.json();
  await storage.save(
    {
      format: 1,
      generation: stored.generation + 1,
      tokens,
      obtained_at: Date.now() / 1000,
      session: stored.session,
    },
    stored.generation,
  );
  const { value } = await outcomeOf(lost);
  assert.equal(value, tokens.access_token);
  assert.equal((await storage.load()).tokens.refresh_token, tokens.refresh_token);
  await time.settle();
  assert.ok(!loser.events.types().some((type) => /ended|sign-out/.test(type)), loser.events.types().join());
  assert.equal(await winner.refresher.getAccessToken(), tokens.access_token);
});

test("the end of a session is written only over the token that was refused", async () => {
  const inner = memoryStorage();
  let overtake;
  const storage = {
    ...apart(inner),
    save: (given, expected) => {
      // a login between the confirmation and the write
      if (given === null) overtake?.();
      return inner.save(given, expected);
    },
  };
  const server = fakeAuthorizationServer();
  const { refresher, events } = context(server, storage);
  await refresher.setTokens(runOut(server.login()));
  server.revokeAll();
  const login = server.login();
  overtake = () => {
    overtake = undefined;
    const { generation } = inner.load();
    inner.save(
      {
        format: 1,
        generation: generation + 1,
        tokens: login,
        obtained_at: Date.now() / 1000,
        session: "other",
      },
      generation,
    );
  };
  const { value } = await outcomeOf(refresher.getAccessToken());
  assert.equal(value, login.access_token);
  assert.equal(inner.load().tokens.refresh_token, login.refresh_token);
  assert.ok(!events.types().includes("session-ended"));
});

for (const where of ["here", "in another context"])
  test(`a sign-out ${where} wins over an in-flight refresh: the storage stays empty, callers are rejected, the successor is revoked`, async () => {
    const { server, storage, all } = await contexts(2);
    server.next({ fault: "slow", seconds: 2 });
    const waiting = all[0].refresher.getAccessToken();
    const told = outcomeOf(waiting);
    await time.settle();
    await all[where === "here" ? 0 : 1].refresher.signOut({ revoke: true });
    const { reason } = await told;
    assert.equal(reason.code, "signed_out");
    await time.pass(5 * SECOND);
    assert.equal(await storage.load(), null);
    assert.equal(server.revoked.length, 2, "the token that was known, and the one that came late");
    const sent = server.requests.length;
    assert.equal((await outcomeOf(all[0].refresher.getAccessToken())).reason.code, "signed_out");
    assert.equal(server.requests.length, sent, "nothing is sent after a sign-out");
  });

test("a late result does not restore a session that was deleted from a storage without compare-and-swap", async () => {
  const storage = row();
  const { server, all } = await contexts(2, { storage });
  server.next({ fault: "slow", seconds: 2 });
  const told = outcomeOf(all[0].refresher.getAccessToken());
  await time.settle();
  await all[1].refresher.signOut();
  assert.equal((await told).reason.code, "signed_out");
  await time.pass(5 * SECOND);
  assert.equal(storage.load(), null);
});

test("a caller that aborted before the lock was granted causes no request", async () => {
  let release;
  const lock = async (work) => {
    await new Promise((resolve) => (release = resolve));
    return work();
  };
  const { server, all } = await contexts(1, { lock });
  const abort = new AbortController();
  const waiting = all[0].refresher.getAccessToken({ signal: abort.signal }).catch((reason) => reason);
  await time.settle();
  abort.abort("gone");
  assert.equal(await waiting, "gone");
  release();
  await time.pass(SECOND);
  assert.equal(server.requests.length, 0);
});

for (const where of ["here", "in another context"])
  test(`a login ${where} wins over an in-flight refresh: tokens of the other account are never in its record`, async () => {
    const { server, storage, all } = await contexts(2);
    server.next({ fault: "slow", seconds: 2 });
    all[0].refresher.getAccessToken().catch(() => {});
    await time.settle();
    const bob = server.login();
    await all[where === "here" ? 0 : 1].refresher.setTokens(bob);
    await time.pass(5 * SECOND);
    assert.equal((await storage.load()).tokens.access_token, bob.access_token);
    for (const { refresher } of all)
      assert.equal((await outcomeOf(refresher.getAccessToken())).value, bob.access_token);
  });

test("each change is one event in every context, with its source and growing generations", async () => {
  const server = fakeAuthorizationServer();
  const storage = memoryStorage();
  const [one, two] = [context(server, storage), context(server, storage)];
  for (const { refresher } of [one, two]) await refresher.getAccessToken().catch(() => {});
  const steps = [
    () => one.refresher.setTokens(server.login()),
    () => one.refresher.refresh(),
    () => two.refresher.refresh(),
    () => two.refresher.setTokens(server.login()),
    () => one.refresher.signOut(),
    () => one.refresher.setTokens(server.login()),
  ];
  for (const step of steps) {
    await step();
    await time.settle();
  }
  server.revokeAll();
  await outcomeOf(two.refresher.getAccessToken({ rejected: two.refresher.tokens.access_token }));
  await time.settle();
  assert.deepEqual(one.events.map(({ source }) => source).filter(Boolean), [
    "login",
    "refresh",
    "peer",
    "peer",
    "sign-out",
    "login",
    "peer",
  ]);
  assert.deepEqual(two.events.map(({ source }) => source).filter(Boolean), [
    "peer",
    "peer",
    "refresh",
    "login",
    "peer",
    "peer",
    "session-ended",
  ]);
  for (const { events } of [one, two]) {
    const generations = events.filter(({ source }) => source).map(({ generation }) => generation);
    assert.ok(
      generations.every((generation, index) => index === 0 || generation > generations[index - 1]),
      generations.join(),
    );
  }
});

test("a lost request is not replayed once the storage holds another token", async () => {
  const server = fakeAuthorizationServer({ reuse: { graceSeconds: 30 } });
  const { storage, all } = await contexts(2, { server });
  server.next("lost-reply");
  const waiting = all[0].refresher.getAccessToken();
  await time.settle();
  const bob = server.login();
  await all[1].refresher.setTokens(bob);
  const { value } = await outcomeOf(waiting);
  assert.equal(value, bob.access_token);
  assert.equal((await storage.load()).tokens.refresh_token, bob.refresh_token);
  assert.equal(server.requests.length, 1);
});

test("the hint of a refresher's own write asks for no read", async () => {
  const inner = memoryStorage();
  let reads = 0;
  const storage = { ...inner, load: () => (reads++, inner.load()) };
  const server = fakeAuthorizationServer();
  const { refresher } = context(server, storage);
  await refresher.setTokens(server.login());
  await time.settle();
  reads = 0;
  await refresher.refresh();
  await time.settle();
  assert.equal(reads, 1, "under the lock");
});

test("a hint with any argument but the generation of its own write asks for a read", async () => {
  const inner = memoryStorage();
  let reads = 0;
  let changed;
  const load = () => (reads++, inner.load());
  const storage = { ...inner, load, subscribe: (listener) => ((changed = listener), () => {}) };
  const server = fakeAuthorizationServer();
  const { refresher } = context(server, storage);
  await refresher.setTokens(server.login());
  await time.settle();
  const { generation } = inner.load();
  for (const given of [Symbol("changed"), BigInt(generation), Object.create(null), [generation], undefined]) {
    await refresher.refresh();
    await time.settle();
    reads = 0;
    changed(given);
    await time.settle();
    assert.equal(reads, 1, typeof given);
  }
});

test("an older generation from a lagging storage replaces nothing", async () => {
  const inner = memoryStorage();
  const history = [];
  let lag = 0;
  const storage = {
    load: () => history.at(-1 - lag) ?? null,
    save: (given) => void history.push(structuredClone(given)),
    subscribe: inner.subscribe,
  };
  const server = fakeAuthorizationServer();
  const { refresher, events } = context(server, storage);
  await refresher.setTokens(server.login());
  await refresher.refresh();
  const { access_token } = await refresher.refresh();
  const told = events.length;
  lag = 3;
  time.sleep(3600 * SECOND - 30 * SECOND); // reads again
  assert.equal(await refresher.getAccessToken(), access_token);
  await time.settle();
  assert.equal(events.length, told);
  assert.equal(server.revokedSessions, 0);
});
