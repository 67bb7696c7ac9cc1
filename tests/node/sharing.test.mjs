// Contexts that share a record, locks that fail, storages that fail: who wins, and that nobody loses a session by it.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { heard } from "../leaks/search.mjs";
import { record } from "./session.mjs";
import { virtualTime } from "./virtual-time.mjs";

const SECOND = 1000;

let time;
beforeEach(() => (time = virtualTime()));
afterEach(() => time.restore());

const runOut = (tokens) => ({ ...tokens, expires_in: undefined, expires_at: 1 });

/** What contexts of their own see of one record: no hint, no lock but the one that they are given, no turn in a realm. */
const apart = ({ load, save, compares = true }) => ({
  load,
  save,
  ...(compares && { conditionalSave: true }),
});

/** As a row of a database without comparison. */
function row() {
  let stored = null;
  return {
    compares: false,
    load: () => structuredClone(stored),
    save: (record) => void (stored = structuredClone(record)),
  };
}

/** A lock of the host: a queue by itself. */
function hostLock() {
  let last = Promise.resolve();
  const lock = (work) => {
    lock.waiting++;
    const turn = last.then(() => (lock.waiting--, work()));
    last = turn.catch(() => {});
    return turn;
  };
  lock.waiting = 0;
  return lock;
}

function context(server, storage, options = {}) {
  const refresher = createRefresher({ ...server.options, storage, timeoutSeconds: 5, ...options });
  return { refresher, events: record(refresher) };
}

/** Contexts on one record that holds an access token which has run out. */
async function contexts(
  count,
  { server = fakeAuthorizationServer(), storage = memoryStorage(), ...options } = {},
) {
  const first = context(server, apart(storage), options);
  await first.refresher.setTokens(runOut(server.login()));
  const others = Array.from({ length: count - 1 }, () => context(server, apart(storage), options));
  return { server, storage, all: [first, ...others] };
}

async function outcomeOf(promise, seconds = 60) {
  const begun = performance.now();
  let outcome;
  const settled = (name) => (value) =>
    (outcome ??= { [name]: value, after: (performance.now() - begun) / SECOND });
  promise.then(settled("value"), settled("reason"));
  await time.settle();
  for (let passed = 0; !outcome && passed < seconds * 4; passed++) await time.pass(SECOND / 4);
  return outcome ?? {};
}

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

test("who_waited_for_the_lock_adopts_what_came_meanwhile_and_sends_nothing", async () => {
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

test("two_users_of_one_process_share_nothing", async () => {
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

test("a_loser_whose_token_is_refused_adopts_the_winners_and_clears_nothing", async () => {
  const server = fakeAuthorizationServer({ revokeFamily: false });
  const late = async (...request) => {
    await new Promise((resolve) => setTimeout(resolve, 2 * SECOND));
    return server.fetch(...request);
  };
  const { storage, all } = await contexts(1, { server, fetch: late });
  const [loser, winner] = [all[0], context(server, apart(storage))];
  // A request of the loser is out, while somebody who respects no lock and no mark finishes first.
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

test("an_end_of_session_is_written_only_over_the_token_that_was_refused", async () => {
  const inner = memoryStorage();
  let overtake;
  const storage = {
    ...apart(inner),
    save: (given, expected) => {
      // between the confirmation and the write somebody logs in
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
  test(`a sign-out ${where} wins over a refresh in flight: nothing comes back, waiters are told, the successor is revoked`, async () => {
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

test("a_late_result_does_not_bring_a_session_back_that_was_forgotten_in_a_row_which_cannot_compare", async () => {
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

test("a_caller_who_left_before_the_lock_came_causes_no_request", async () => {
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
  test(`a login ${where} wins over a refresh in flight: the other account's tokens never land in its record`, async () => {
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

test("each_change_is_told_once_in_every_context_with_growing_generations_and_its_source", async () => {
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

test("no_replay_of_a_lost_request_once_the_storage_holds_another_token", async () => {
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

test("an_older_generation_that_a_lagging_storage_shows_replaces_nothing", async () => {
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

// --- locks -----------------------------------------------------------------------------------------------------------

test("a_lock_that_is_never_granted_costs_a_bounded_time_and_no_session", async () => {
  const { server, storage, all } = await contexts(1, { lock: () => new Promise(() => {}) });
  const before = JSON.stringify(await storage.load());
  const { reason, after } = await outcomeOf(all[0].refresher.getAccessToken());
  assert.deepEqual([reason.code, reason.retryable, reason.sessionEnded], ["lock_timeout", true, false]);
  assert.ok(after <= 11, `${after} s`);
  assert.equal(server.requests.length, 0);
  assert.equal(JSON.stringify(await storage.load()), before);
});

test("behind_a_lock_that_is_never_granted_a_valid_token_is_served", async () => {
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
  test(`a lock of the host that ${name} is told of, and nothing is sent without it`, async () => {
    const { server, all } = await contexts(1, { lock });
    const { reason } = await outcomeOf(all[0].refresher.getAccessToken());
    assert.deepEqual([reason.code, reason.sessionEnded], ["lock_timeout", false]);
    assert.equal(server.requests.length, 0);
    const told = all[0].events.find(({ type }) => type === "storage-failed");
    assert.deepEqual([told.operation, told.error.message], ["lock", "the lock service is down"]);
  });

test("a_lock_that_is_lost_or_stolen_makes_no_second_write", async () => {
  // It lets everybody in: what a stolen Web Lock, an expired lease and a suspended holder come to.
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
  test(`where navigator.locks is ${name} a refresh works, and capabilities say so`, async () => {
    await withLocks(locks, async () => {
      const { server, all } = await contexts(2);
      const { value } = await outcomeOf(Promise.all(all.map(({ refresher }) => refresher.getAccessToken())));
      assert.equal(new Set(value).size, 1);
      assert.equal(server.requests.length, 1);
      if (name !== "granting null") assert.equal(all[0].refresher.capabilities.crossContextLock, false);
    });
  });

test("the_name_of_a_web_lock_holds_no_secret_and_is_the_sessions_own", async () => {
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

test("a_lock_is_let_go_of_only_when_the_new_token_is_stored_or_memory_has_to_do", async () => {
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

// --- storages that fail ----------------------------------------------------------------------------------------------

test("nobody_sees_a_new_token_before_it_is_stored", async () => {
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

test("a_storage_that_is_back_is_used_at_once_however_often_it_failed_before", async () => {
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
  test(`a load that ${how} is answered in bounded time and told of, and costs nothing`, async () => {
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
    assert.ok(value, "a caller who would otherwise be turned away gets the token");
    assert.equal(events.find(({ type }) => type === "storage-failed").operation, "save");
    assert.equal(await refresher.getAccessToken(), value);
    assert.equal(server.requests.length, 1);
    failing = false;
    await time.pass(120 * SECOND);
    assert.equal((await inner.load()).tokens.access_token, value, "stored at last");
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
])
  test(`what is no record (${JSON.stringify(rubbish)}) is told of, kept, and replaced by a login only`, async () => {
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

test("a_storage_that_takes_no_mark_spends_nothing_for_a_wish_and_the_token_for_a_need", async () => {
  const stored = { format: 1, generation: 4, obtained_at: Date.now() / 1000 };
  const readOnly = {
    load: () => stored,
    save: () => {
      throw new Error("cookies cannot be written here");
    },
  };
  const server = fakeAuthorizationServer();
  stored.tokens = server.login();
  const { refresher } = context(server, readOnly, { timeoutSeconds: 60 });
  const wish = await outcomeOf(refresher.refresh());
  assert.equal(wish.reason?.code ?? wish.value?.access_token, "storage_failed");
  assert.equal(server.requests.length, 0);
  const need = await outcomeOf(refresher.getAccessToken({ rejected: stored.tokens.access_token }));
  assert.ok(need.value);
  assert.equal(server.requests.length, 1);
});

test("a_storage_without_a_way_to_write_is_refused_at_once", () => {
  assert.throws(
    () => createRefresher({ token_endpoint: "https://a.example/t", storage: { load: () => null } }),
    {
      name: "TypeError",
      message: /^storage must be an object with load\(\) and save\(\)/,
    },
  );
});

test("calls_before_the_first_read_share_it", async () => {
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

test("tokens_that_are_set_during_the_first_read_are_not_overwritten_by_it", async () => {
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
