// A stored access token that is fresh is handed out before the core is loaded (the entry of browsers). A step of the trace is a sign of
// the core: without one there is none.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HOUR, SECOND, left, login, opened, server, shelf, time } from "./before-core.mjs";
import { createRefresher } from "../node_modules/oauth-refresher/entry/browser.js";
import { settle } from "./virtual-time.mjs";

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
