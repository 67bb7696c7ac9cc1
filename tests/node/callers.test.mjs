// Callers, their timeouts, functions and listeners: each caller is answered, and none affects another.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { createRefresher, RefreshError } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { record } from "./session.mjs";
import { virtualTime } from "./virtual-time.mjs";

const SECOND = 1000;
const MINUTE = 60 * SECOND;

let time;
beforeEach(() => (time = virtualTime()));
afterEach(() => time.restore());

const runOut = (tokens) => ({ ...tokens, expires_in: undefined, expires_at: 1 });

/** A session whose access token has expired. */
function begin({ server = fakeAuthorizationServer(), ...options } = {}) {
  const storage = options.storage ?? memoryStorage();
  const tokens = runOut(server.login());
  const refresher = createRefresher({ ...server.options, tokens, ...options, storage });
  return { server, storage, refresher, tokens, events: record(refresher) };
}

/** The result of a promise and the seconds it took, up to a limit. */
async function outcomeOf(promise, seconds) {
  const begun = performance.now();
  let outcome;
  const settled = (name) => (value) =>
    (outcome ??= { [name]: value, after: (performance.now() - begun) / SECOND });
  promise.then(settled("value"), settled("reason"));
  for (let passed = 0; !outcome && passed < seconds * 10; passed++) await time.pass(SECOND / 10);
  return outcome ?? {};
}

// --- timeouts --------------------------------------------------------------------------------------------------------

test("a server that never answers costs its timeout, and the next call works", async () => {
  const { server, storage, refresher } = begin({ timeoutSeconds: 5 });
  server.next("hang");
  const waiting = Array.from({ length: 10 }, () => refresher.getAccessToken());
  const { value: outcomes, after } = await outcomeOf(Promise.allSettled(waiting), 30);
  assert.ok(after < 6, `${after} s`);
  for (const { reason } of outcomes)
    assert.deepEqual([reason.code, reason.refreshTokenState], ["unavailable", "unknown"]);
  assert.ok((await storage.load()).tokens.refresh_token, "the tokens are kept");
  const next = await outcomeOf(refresher.getAccessToken(), 30);
  assert.ok(next.value, "the next call succeeds");
  assert.equal(server.requests.length, 2);
});

test("callers of one moment with one wish are one caller to the core, and each with a signal or another wish is its own", async () => {
  const demanded = [];
  const trace = ({ event, caller }) => event === "demanded" && demanded.push(caller);
  const { server, refresher } = begin({ trace });
  server.next({ fault: "slow", seconds: 2 });
  const abort = new AbortController();
  const given = [
    {},
    {},
    {},
    { signal: abort.signal },
    {},
    {},
    { minValiditySeconds: 60 },
    { minValiditySeconds: 60 },
  ];
  const callers = given.map((options) => refresher.getAccessToken(options).catch((reason) => reason));
  await time.pass(SECOND / 100);
  callers.push(refresher.getAccessToken());
  abort.abort(new Error("no longer wanted"));
  const { value: answers } = await outcomeOf(Promise.all(callers), 10);
  const [token] = answers;
  assert.match(token, /./);
  assert.deepEqual(
    answers.map((answer) => answer === token || answer.message),
    answers.map((_, index) => index !== 3 || "no longer wanted"),
  );
  assert.equal(server.requests.length, 1);
  // the first three, the signal, the next two, those with another wish, and the one that came later
  assert.equal(new Set(demanded).size, 5, `${demanded}`);
});

test("on Workers each caller is its own: a promise ends with the request that made it", async (t) => {
  const platform = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  const navigator = { userAgent: "Cloudflare-Workers" };
  Object.defineProperty(globalThis, "navigator", { configurable: true, value: navigator });
  t.after(
    () => (delete globalThis.navigator, platform && Object.defineProperty(globalThis, "navigator", platform)),
  );
  let demanded = 0;
  const trace = ({ event }) => void (demanded += event === "demanded");
  const { server, refresher } = begin({ trace });
  const callers = [1, 2, 3].map(() => refresher.getAccessToken());
  const { value: answers } = await outcomeOf(Promise.all(callers), 10);
  assert.equal(new Set(answers).size, 1);
  assert.deepEqual([demanded, server.requests.length], [3, 1]);
});

test("of ten callers the one that aborts rejects with its own reason, and the others are served", async () => {
  const { server, refresher } = begin();
  server.next({ fault: "slow", seconds: 2 });
  const abort = new AbortController();
  const callers = Array.from({ length: 10 }, (_, index) =>
    refresher.getAccessToken(index === 0 ? { signal: abort.signal } : {}).catch((reason) => reason),
  );
  await time.pass(SECOND);
  abort.abort("enough");
  await time.pass(2 * SECOND);
  const [aborted, ...others] = await Promise.all(callers);
  assert.equal(aborted, "enough");
  assert.equal(new Set(others).size, 1);
  assert.equal(server.requests.length, 1);
});

test("the result of a request that was sent is stored although every caller aborted", async () => {
  const { server, storage, refresher } = begin();
  server.next({ fault: "slow", seconds: 2 });
  const abort = new AbortController();
  const waiting = refresher.getAccessToken({ signal: abort.signal }).catch((reason) => reason);
  await time.pass(SECOND);
  abort.abort("enough");
  await time.pass(3 * SECOND);
  assert.equal(await waiting, "enough");
  const stored = await storage.load();
  assert.equal(stored.pending, undefined);
  assert.equal(await refresher.getAccessToken(), stored.tokens.access_token);
  assert.equal(server.requests.length, 1);
});

test("a caller's own timeout covers load, lock, request and save together", async () => {
  const slow = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * SECOND));
  const inner = memoryStorage();
  const parts = { load: 0, lock: 0, save: 0 };
  const storage = {
    conditionalSave: true,
    load: () => slow(parts.load).then(inner.load),
    save: (...given) => slow(parts.save).then(() => inner.save(...given)),
    lock: (work) => slow(parts.lock).then(work),
  };
  for (const part of ["load", "lock", "save", "request"]) {
    const { server, refresher } = begin({ storage });
    await outcomeOf(refresher.setTokens(runOut(server.login())), 5);
    if (part === "request") server.next({ fault: "slow", seconds: 9 });
    else parts[part] = 9;
    const { reason, after } = await outcomeOf(refresher.getAccessToken({ timeoutSeconds: 5 }), 20);
    assert.equal(reason?.code, "timeout", part);
    assert.ok(after <= 5.2, `${part}: ${after} s`);
    parts[part] = 0;
    await time.pass(MINUTE);
    refresher.close();
  }
});

test("every caller settles, whichever part hangs", async () => {
  const never = () => new Promise(() => {});
  const inner = memoryStorage();
  const whole = { load: inner.load, save: inner.save, conditionalSave: true };
  const hanging = {
    load: { storage: { ...whole, load: never } },
    save: { storage: { ...whole, save: never } },
    lock: { storage: whole, lock: never },
    fetch: { storage: whole, fetch: never },
    client_secret: { storage: whole, client_secret: never },
    parameters: { storage: whole, parameters: { nonce: never } },
    clientAuth: { storage: whole, clientAuth: never },
  };
  for (const [name, options] of Object.entries(hanging)) {
    const { refresher } = begin({ timeoutSeconds: 5, ...options });
    const { value, reason, after } = await outcomeOf(refresher.getAccessToken(), 60);
    assert.ok(value === undefined && reason instanceof RefreshError, name);
    assert.ok(after <= 20.2, `${name}: ${after} s`);
    assert.equal(reason.sessionEnded, false, name);
    refresher.close();
  }
});

// --- the caller's functions ------------------------------------------------------------------------------------------

test("a function that answers after the timeout causes no request", async () => {
  let answer;
  const slow = () => new Promise((resolve) => (answer = resolve));
  for (const options of [{ client_secret: slow }, { parameters: { trace: slow } }, { clientAuth: slow }]) {
    const { server, refresher, storage } = begin({ timeoutSeconds: 5, retries: 0, ...options });
    const { reason, after } = await outcomeOf(refresher.getAccessToken(), 60);
    assert.deepEqual([reason.code, reason.refreshTokenState], ["unavailable", "unspent"]);
    assert.ok(after < 6);
    answer("late");
    await time.settle();
    assert.equal(server.requests.length, 0, "the lock was granted to another context meanwhile");
    assert.equal((await storage.load()).pending, undefined);
    refresher.close();
  }
});

test("a sign-out while a function is pending means that nothing is sent", async () => {
  let answer;
  const { server, refresher, storage } = begin({
    parameters: { trace: () => new Promise((resolve) => (answer = resolve)) },
  });
  const waiting = refresher.getAccessToken().catch(({ code }) => code);
  await time.settle();
  const out = refresher.signOut();
  await out;
  answer("now");
  await time.settle();
  assert.equal(await waiting, "signed_out");
  assert.equal(server.requests.length, 0);
  assert.equal(await storage.load(), null);
});

test("a revoking sign-out settles in time although a function or the server hangs", async () => {
  const never = () => new Promise(() => {});
  for (const options of [{ parameters: { trace: never } }, { fetch: never }]) {
    const { refresher, storage, tokens } = begin({ timeoutSeconds: 5, ...options });
    await refresher.setTokens(tokens);
    const { after } = await outcomeOf(refresher.signOut({ revoke: true }), 60);
    assert.ok(after <= 10.2, `${after} s`);
    assert.equal(await storage.load(), null);
    refresher.close();
  }
});

test("a function that calls the refresher itself does not deadlock", async () => {
  let inner;
  const { refresher } = begin({
    timeoutSeconds: 5,
    retries: 0,
    parameters: {
      trace: () => {
        inner = refresher.getAccessToken();
        return inner;
      },
    },
  });
  const outer = await outcomeOf(refresher.getAccessToken(), 60);
  assert.equal(outer.reason.code, "unavailable");
  await assert.rejects(inner, { code: "unavailable" });
});

test("a function is called again for every attempt", async () => {
  let asked = 0;
  const { server, refresher } = begin({ parameters: { request_id: () => `id-${++asked}` } });
  server.next("unsent", "503");
  assert.ok((await outcomeOf(refresher.getAccessToken(), 30)).value);
  assert.deepEqual(
    server.requests.map(({ parameters }) => parameters.request_id),
    ["id-2", "id-3"],
  );
});

// --- listeners -------------------------------------------------------------------------------------------------------

for (const [what, call] of Object.entries({
  getAccessToken: (refresher) => refresher.getAccessToken(),
  refresh: (refresher) => refresher.refresh(),
  setTokens: (refresher, server) => refresher.setTokens(server.login()),
  signOut: (refresher) => refresher.signOut(),
  close: (refresher) => refresher.close(),
}))
  test(`a listener that awaits ${what} does not deadlock`, async () => {
    const { server, refresher } = begin();
    let answered = false;
    refresher.addEventListener(
      "token-changed",
      async () => {
        await call(refresher, server);
        answered = true;
      },
      { once: true },
    );
    await outcomeOf(refresher.getAccessToken(), 5);
    await time.pass(SECOND);
    assert.ok(answered);
  });

test("a listener that never settles blocks no caller and no lock", async () => {
  const { server, refresher } = begin();
  refresher.addEventListener("token-changed", () => new Promise(() => {}));
  assert.ok(await refresher.getAccessToken());
  assert.ok(await refresher.refresh());
  assert.equal(server.requests.length, 2);
});

test("a refresher that is closed twice, as with using and close(), unsubscribes once", async () => {
  let ended = 0;
  const storage = { ...memoryStorage(), subscribe: () => () => void ended++ };
  const refresher = createRefresher({ ...fakeAuthorizationServer().options, storage, background: "never" });
  await refresher.load();
  refresher.close();
  refresher.close();
  assert.equal(ended, 1);
});

test("a closed refresher emits no event, and stores the result of an in-flight request", async () => {
  const { server, storage, refresher, events } = begin();
  server.next({ fault: "slow", seconds: 2 });
  const waiting = refresher.getAccessToken().catch(({ code }) => code);
  await time.settle();
  const told = events.length;
  refresher.close();
  assert.equal(await waiting, "closed");
  await time.pass(5 * SECOND);
  assert.equal(events.length, told);
  assert.equal((await storage.load()).pending, undefined);
});

test("no listener and no caller runs while the lock is held", async () => {
  let held = 0;
  const lock = async (work) => {
    held++;
    try {
      return await work();
    } finally {
      held--;
    }
  };
  const { server, refresher } = begin({ lock });
  const seen = [];
  for (const type of ["token-changed", "refresh-failed", "session-ended"])
    refresher.addEventListener(type, () => seen.push(`${type} ${held}`));
  await refresher.getAccessToken().then(() => seen.push(`caller ${held}`));
  server.next("html");
  await refresher.refresh().catch(() => seen.push(`caller ${held}`));
  await time.pass(MINUTE);
  server.revokeAll();
  await outcomeOf(refresher.getAccessToken({ rejected: refresher.tokens.access_token }), 30);
  await time.settle();
  assert.ok(seen.length >= 6, seen.join());
  assert.ok(
    seen.every((each) => each.endsWith(" 0")),
    seen.join(),
  );
});

test("a valid access token costs no lock, no storage access and no request", async () => {
  const calls = { lock: 0, load: 0, save: 0 };
  const inner = memoryStorage();
  const counted = (name, work) => (calls[name]++, work());
  const { server, refresher } = begin({
    storage: {
      conditionalSave: true,
      load: () => counted("load", () => inner.load()),
      save: (...given) => counted("save", () => inner.save(...given)),
      lock: (work) => counted("lock", work),
    },
  });
  await refresher.getAccessToken();
  const before = JSON.stringify(calls);
  for (let call = 0; call < 1000; call++) await refresher.getAccessToken();
  assert.equal(JSON.stringify(calls), before);
  assert.equal(server.requests.length, 1);
});

test("a thousand notifications of other contexts cause no request and no write", async () => {
  let changed;
  let saves = 0;
  const inner = memoryStorage();
  const { server, refresher, events } = begin({
    storage: {
      conditionalSave: true,
      load: inner.load,
      save: (...given) => (saves++, inner.save(...given)),
      subscribe: (listener) => ((changed = listener), () => {}),
    },
  });
  await refresher.getAccessToken();
  const [before, told] = [saves, events.length];
  for (let hint = 0; hint < 1000; hint++) changed();
  await time.settle();
  assert.deepEqual([server.requests.length, saves, events.length], [1, before, told]);
});

test("errors keep all fields through JSON and structuredClone", async () => {
  const { server, refresher } = begin({ retries: 0 });
  server.next({ fault: "429", seconds: 60 });
  const { reason } = await outcomeOf(refresher.getAccessToken(), 5);
  const said = reason.toJSON();
  assert.deepEqual(structuredClone(said), said);
  assert.deepEqual(JSON.parse(JSON.stringify(reason)), said);
  const { name, code, status, error, retryable, retryAfterSeconds, sessionEnded, refreshTokenState } = said;
  assert.deepEqual(
    { name, code, status, error, retryable, retryAfterSeconds, sessionEnded, refreshTokenState },
    {
      name: "RefreshError",
      code: "unavailable",
      status: 429,
      error: "slow_down",
      retryable: true,
      retryAfterSeconds: 60,
      sessionEnded: false,
      refreshTokenState: "unspent",
    },
  );
});
