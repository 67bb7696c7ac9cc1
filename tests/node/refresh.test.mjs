// The packed package against oidc-provider with rotation and family revocation, over HTTP.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { createRefresher, RefreshError } from "oauth-refresher";
import { memoryStorage, callbackStorage } from "oauth-refresher/storage";
import { startOidc } from "../servers/oidc.mjs";
import { expired, record, session } from "./session.mjs";

let oidc;
before(async () => (oidc = await startOidc({ accessTokenSeconds: 3600 })));
after(() => oidc.close());
beforeEach(() => {
  oidc.requests.length = 0;
  oidc.faults.next = null;
  oidc.faults.always = null;
});

test("ten thousand callers share one token request", async () => {
  const { refresher } = await session(oidc, { login: await expired(oidc) });
  const started = performance.now();
  const tokens = await Promise.all(Array.from({ length: 10_000 }, () => refresher.getAccessToken()));
  assert.equal(new Set(tokens).size, 1);
  assert.equal(oidc.requests.length, 1);
  assert.ok(performance.now() - started < 10_000);
});

test("every rotation is stored before its event, and generations grow", async () => {
  const { refresher, storage, events } = await session(oidc);
  const stored = [];
  refresher.addEventListener("token-changed", async ({ detail }) => {
    stored.push((await storage.load()).tokens.access_token === detail.tokens.access_token);
  });
  for (let round = 0; round < 5; round++) await refresher.refresh();
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(stored, Array(5).fill(true));
  const changes = events.filter(({ type }) => type === "token-changed");
  assert.deepEqual(
    changes.map(({ source }) => source),
    ["login", ...Array(5).fill("refresh")],
  );
  for (const [index, { generation }] of changes.entries())
    assert.ok(index === 0 || generation > changes[index - 1].generation);
});

test("a token set never holds the refresh token", async () => {
  const { refresher } = await session(oidc);
  const tokens = await refresher.refresh();
  assert.equal(tokens.refresh_token, undefined);
  assert.equal(refresher.tokens.refresh_token, undefined);
  assert.equal(tokens.token_type, "Bearer");
  assert.ok(Math.abs(tokens.expires_at - Date.now() / 1000 - 3600) < 5);
});

test("two refreshers on one storage send one request", async () => {
  const storage = memoryStorage();
  const first = await session(oidc, { storage, login: await expired(oidc) });
  const second = await session(oidc, { storage, login: null });
  const tokens = await Promise.all([first.refresher.getAccessToken(), second.refresher.getAccessToken()]);
  assert.equal(tokens[0], tokens[1]);
  assert.equal(oidc.requests.length, 1);
});

test("tokens from the options fill an empty storage, and only an empty one", async () => {
  const storage = memoryStorage();
  const { refresh_token } = await oidc.mint("none");
  const first = await session(oidc, { storage, login: null, tokens: { refresh_token } });
  assert.ok(await first.refresher.getAccessToken());
  assert.equal(oidc.requests.length, 1);
  const second = await session(oidc, { storage, login: null, tokens: { refresh_token } });
  assert.equal(await second.refresher.getAccessToken(), await first.refresher.getAccessToken());
  assert.equal(oidc.requests.length, 1);
});

test("late refusals of an old token cause no request when there is a newer one", async () => {
  const { refresher } = await session(oidc);
  const old = await refresher.getAccessToken();
  const renewed = await Promise.all(
    Array.from({ length: 20 }, () => refresher.getAccessToken({ rejected: old })),
  );
  assert.equal(new Set(renewed).size, 1);
  assert.notEqual(renewed[0], old);
  assert.equal(await refresher.getAccessToken({ rejected: old }), renewed[0]);
  assert.equal(oidc.requests.length, 1);
});

test("an abort detaches that caller only, and does not cancel the request", async () => {
  const { refresher } = await session(oidc, { login: await expired(oidc) });
  const abort = new AbortController();
  const others = [refresher.getAccessToken(), refresher.getAccessToken()];
  const aborted = refresher.getAccessToken({ signal: abort.signal });
  abort.abort(new Error("gone"));
  await assert.rejects(aborted, /gone/);
  assert.equal(new Set(await Promise.all(others)).size, 1);
  assert.equal(oidc.requests.length, 1);
  await assert.rejects(
    refresher.getAccessToken({ signal: AbortSignal.abort(new Error("before")) }),
    /before/,
  );
});

for (const fault of ["empty", "html", "huge", "no-access-token", "redirect"])
  test(`a reply that is no token response (${fault}) is bad_response and keeps the tokens`, async () => {
    const { refresher, storage, events } = await session(oidc);
    const before = (await storage.load()).tokens;
    const token = await refresher.getAccessToken();
    oidc.faults.next = fault;
    await assert.rejects(refresher.refresh(), {
      name: "RefreshError",
      code: "bad_response",
      sessionEnded: false,
    });
    assert.deepEqual((await storage.load()).tokens, before);
    assert.equal(
      await refresher.getAccessToken(),
      token,
      "a valid access token is served whatever the refresh did",
    );
    assert.deepEqual(events.types(), ["token-changed login", "refresh-failed"]);
  });

for (const fault of ["429", "503"])
  test(`after ${fault} with Retry-After the same refresh token is sent again at that time`, async () => {
    const { refresher } = await session(oidc, { login: await expired(oidc) });
    oidc.faults.next = fault;
    const started = performance.now();
    assert.ok(await refresher.getAccessToken());
    assert.ok(performance.now() - started > 900);
    assert.equal(oidc.requests.length, 2);
  });

test("a server that was never reached is asked again, then is unavailable with the refresh token unspent", async () => {
  const gone = await startOidc();
  await gone.close();
  const { refresher } = await session(oidc, {
    token_endpoint: gone.token_endpoint,
    login: await expired(oidc),
    retries: 1,
  });
  await assert.rejects(refresher.getAccessToken(), {
    code: "unavailable",
    refreshTokenState: "unspent",
    retryable: true,
  });
});

test("a lost reply with reuse never is outcome_unknown, and one later probe ends the session with invalid_grant", async () => {
  const { refresher, storage, events } = await session(oidc, { login: await expired(oidc) });
  oidc.faults.next = "lose-reply";
  await assert.rejects(refresher.getAccessToken(), { code: "outcome_unknown", refreshTokenState: "unknown" });
  assert.equal(oidc.requests.length, 1);
  assert.ok((await storage.load()).pending, "the mark stays while the outcome is unknown");
  await assert.rejects(refresher.getAccessToken(), {
    code: "session_ended",
    sessionEnded: true,
    error: "invalid_grant",
  });
  assert.equal(oidc.requests.length, 2);
  assert.equal(await storage.load(), null);
  assert.equal(refresher.state, "session-ended");
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(events.types(), [
    "token-changed login",
    "refresh-failed",
    "token-changed session-ended",
    "session-ended",
  ]);
});

test("a request that died before the server saw it is saved by the later probe", async () => {
  const { refresher } = await session(oidc, { login: await expired(oidc) });
  oidc.faults.next = "close-before";
  await assert.rejects(refresher.getAccessToken(), { code: "outcome_unknown" });
  assert.ok(await refresher.getAccessToken());
  assert.equal(refresher.state, "active");
});

test("a lost reply is sent again at once where the server gives grace", async () => {
  const graceful = await startOidc({ graceSeconds: 10 });
  try {
    const { refresher } = await session(graceful, {
      login: await expired(graceful),
      reuse: { graceSeconds: 10 },
    });
    graceful.faults.next = "lose-reply";
    assert.ok(await refresher.getAccessToken());
    assert.ok(await refresher.refresh(), "the successor that was stored works");
  } finally {
    await graceful.close();
  }
});

test("a hanging server costs no more than timeoutSeconds, and a caller no more than its own timeout", async () => {
  const { refresher } = await session(oidc, { login: await expired(oidc), timeoutSeconds: 0.5 });
  oidc.faults.next = "hang";
  const impatient = refresher.getAccessToken({ timeoutSeconds: 0.1 });
  const patient = refresher.getAccessToken();
  await assert.rejects(impatient, { code: "timeout" });
  await assert.rejects(patient, { code: "unavailable", refreshTokenState: "unknown" });
});

test("a sign-out wins over an in-flight refresh and revokes its successor", async () => {
  const { refresher, storage } = await session(oidc, {
    login: await expired(oidc),
    revocation_endpoint: oidc.revocation_endpoint,
  });
  oidc.faults.next = { name: "slow", delayMs: 200 };
  const waiting = refresher.getAccessToken();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const out = refresher.signOut({ revoke: true });
  await assert.rejects(waiting, { code: "signed_out" });
  await out;
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(await storage.load(), null);
  assert.equal(refresher.state, "signed-out");
  await assert.rejects(refresher.getAccessToken(), { code: "signed_out" });
});

test("a listener that throws, rejects, or calls back affects no other listener and no caller", async () => {
  const { refresher } = await session(oidc);
  const reported = [];
  const { reportError } = globalThis;
  globalThis.reportError = (error) => reported.push(error.message);
  try {
    refresher.addEventListener("token-changed", () => {
      throw new Error("thrown");
    });
    refresher.addEventListener("token-changed", async () => {
      throw new Error("rejected");
    });
    let called;
    refresher.addEventListener("token-changed", async () => (called = await refresher.getAccessToken()));
    const { access_token } = await refresher.refresh();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(called, access_token);
    assert.deepEqual(reported, ["thrown", "rejected"]);
  } finally {
    globalThis.reportError = reportError;
  }
});

test("a save that fails leaves the tokens in memory, is reported, and the spent token is never sent", async () => {
  const inner = memoryStorage();
  let broken = false;
  const storage = callbackStorage({
    load: () => inner.load(),
    save: (record, expected) => {
      if (broken) throw new Error("disk full");
      return inner.save(record, expected);
    },
  });
  const { refresher, events } = await session(oidc, { storage, login: await expired(oidc) });
  broken = true;
  const token = await refresher.getAccessToken();
  assert.equal(await refresher.getAccessToken(), token);
  assert.ok(
    events.some(
      ({ type, operation, error }) =>
        type === "storage-failed" && operation === "save" && error.message === "disk full",
    ),
  );
  await assert.rejects(
    refresher.refresh(),
    { code: "storage_failed" },
    "no refresh token is spent without a mark for a wish",
  );
  assert.equal(oidc.requests.length, 1);
  broken = false;
  await new Promise((resolve) => setTimeout(resolve, 3000));
  assert.equal(
    (await inner.load()).tokens.access_token,
    await refresher.getAccessToken(),
    "stored by the retry",
  );
});

test("an invalid record in the storage is reported and left unchanged", async () => {
  const rubbish = { hello: "world" };
  let saves = 0;
  const storage = callbackStorage({ load: () => rubbish, save: () => void saves++ });
  const { refresher, events } = await session(oidc, { storage, login: null });
  await assert.rejects(refresher.getAccessToken(), { code: "storage_failed" });
  assert.equal(saves, 0);
  assert.deepEqual(events.types(), ["storage-failed"]);
  assert.equal(events[0].operation, "load");
});

test("close() settles waiting callers and rejects later calls; the refresh that was sent is stored", async () => {
  const { refresher, storage } = await session(oidc, { login: await expired(oidc) });
  oidc.faults.next = { name: "slow", delayMs: 100 };
  const waiting = refresher.getAccessToken();
  await new Promise((resolve) => setTimeout(resolve, 50));
  refresher.close();
  await assert.rejects(waiting, { code: "closed" });
  await assert.rejects(refresher.getAccessToken(), { code: "closed" });
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal((await storage.load()).pending, undefined);
});

test("invalid_client is client_rejected, keeps the tokens and fails fast", async () => {
  const { refresher, storage } = await session(oidc, {
    client_id: "unknown-client",
    login: await expired(oidc),
  });
  await assert.rejects(refresher.getAccessToken(), {
    code: "client_rejected",
    error: "invalid_client",
    retryable: false,
  });
  assert.ok((await storage.load()).tokens.refresh_token);
});

test("an issuer is enough", async () => {
  const { refresher } = await session(oidc, {
    token_endpoint: undefined,
    issuer: oidc.issuer,
    login: await expired(oidc),
  });
  assert.ok(await refresher.getAccessToken());
});

test("errors are RefreshError, and a session that never was is signed_out", async () => {
  const { refresher } = await session(oidc, { login: null });
  const error = await refresher.getAccessToken().catch((reason) => reason);
  assert.ok(error instanceof RefreshError);
  assert.equal(error.code, "signed_out");
  assert.equal(refresher.state, "signed-out");
  await assert.rejects(refresher.setTokens({}), TypeError);
});

test("a ClientAuth function authenticates in the web's own terms", async () => {
  const { client_id, client_secret } = oidc.clients.post;
  const refresher = createRefresher({
    token_endpoint: oidc.token_endpoint,
    client_id,
    clientAuth: ({ parameters }) => parameters.set("client_secret", client_secret),
    tokens: { refresh_token: (await oidc.mint("post")).refresh_token },
  });
  record(refresher);
  assert.ok(await refresher.getAccessToken());
});
