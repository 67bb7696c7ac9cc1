// TokenVault in workerd: one object per session, with the platform's own lock, storage and alarm.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { startOidc } from "../servers/oidc.mjs";
import { expired, startWorker } from "./runtime.mjs";

let oidc, hasty, worker;
before(async () => {
  [oidc, hasty] = await Promise.all([startOidc(), startOidc({ accessTokenSeconds: 1 })]);
  // nothing happens by itself, but where a test is about that
  worker = await startWorker({ oidc, origins: [oidc.origin], options: { background: "never" } });
});
after(async () => {
  await worker?.close();
  await Promise.all([oidc.close(), hasty.close()]);
});
beforeEach(() => (oidc.requests.length = 0));

let users = 0;
async function loggedIn(step = "") {
  const vault = worker.vault(`user-${++users}${step && `:${step}`}`);
  await vault.setTokens(await expired(oidc));
  return vault;
}

test("two hundred requests to a cold vault are one token request", async () => {
  const vault = await loggedIn();
  await vault.crash().catch(() => {});
  const tokens = await Promise.all(Array.from({ length: 200 }, () => vault.getAccessToken()));
  assert.equal(new Set(tokens).size, 1);
  assert.equal(oidc.requests.length, 1);
});

test("an object that starts anew finds its session", async () => {
  const vault = await loggedIn();
  const access_token = await vault.getAccessToken();
  await vault.crash().catch(() => {});
  assert.equal(await vault.getAccessToken(), access_token);
  assert.equal(oidc.requests.length, 1);
});

for (const step of ["load", "before-mark", "after-mark", "before-request"])
  test(`evicted at ${step} the session goes on with one use of the refresh token`, async () => {
    const vault = await loggedIn(step);
    await vault.crash().catch(() => {});
    await vault.armEviction();
    await assert.rejects(vault.getAccessToken(), /evicted/);
    assert.ok(await vault.getAccessToken());
    assert.deepEqual(
      oidc.requests.map(({ outcome }) => outcome),
      ["granted"],
    );
  });

for (const step of ["before-result", "after-reply"])
  test(`evicted at ${step} the reply is gone and the next caller is told the truth`, async () => {
    const vault = await loggedIn(step);
    await vault.armEviction();
    await assert.rejects(vault.getAccessToken(), /evicted/);
    // the server spent the token and its successor is lost: a strict server ends the session at the probe
    await assert.rejects(vault.getAccessToken(), /ended|refused|log in/i);
    assert.equal(oidc.requests.length, 2);
  });

test("evicted after-result nothing is lost", async () => {
  const vault = await loggedIn("after-result");
  await vault.armEviction();
  await assert.rejects(vault.getAccessToken(), /evicted/);
  assert.ok(await vault.getAccessToken());
  assert.equal(oidc.requests.length, 1);
});

test("alarms drive the rotation for days without a caller", async () => {
  const traveller = await startWorker({ oidc });
  try {
    const vault = traveller.vault("traveller");
    await vault.setTokens(await oidc.mint("none")); // for an hour
    let passedHours = 0;
    while (passedHours < 72) passedHours += (await vault.untilAlarm()) / 3_600_000;
    const { length } = oidc.requests;
    assert.ok(length >= 72 && length <= 80, `${length} requests in three days`);
    assert.ok(oidc.requests.every(({ outcome }) => outcome === "granted"));
    assert.equal((await vault.changes()).length, 1 + length, "each was told");
  } finally {
    await traveller.close();
  }
});

test("keep alive rings an idle session and nothing else does", async () => {
  const DAY_SECONDS = 86_400;
  const options = { background: "never", keepAliveSeconds: 30 * DAY_SECONDS };
  const keeper = await startWorker({ oidc, options });
  try {
    const vault = keeper.vault("keeper");
    await vault.setTokens(await oidc.mint("none"));
    const daysMs = await vault.untilAlarm();
    assert.ok(Math.abs(daysMs / 1000 / DAY_SECONDS - 30) < 4, `after ${daysMs} ms`);
    assert.equal(oidc.requests.length, 1);
  } finally {
    await keeper.close();
  }
});

test("the platforms alarm refreshes by itself after an eviction too", async () => {
  const quick = await startWorker({ oidc: hasty });
  try {
    const vault = quick.vault("sleeper");
    await vault.setTokens(await hasty.mint("none"));
    await until(() => hasty.requests.length >= 2);
    await vault.crash().catch(() => {});
    const { length } = hasty.requests;
    await until(() => hasty.requests[length + 1]?.outcome);
    assert.ok(hasty.requests.slice(0, length + 2).every(({ outcome }) => outcome === "granted"));
  } finally {
    await quick.close();
  }
});

test("an object that is evicted while its alarm refreshes is rung again", async () => {
  const quick = await startWorker({ oidc: hasty });
  try {
    hasty.requests.length = 0;
    const vault = quick.vault("unlucky:after-mark");
    await vault.armEviction();
    await vault.setTokens(await hasty.mint("none"));
    await until(() => hasty.requests[1]?.outcome);
    assert.deepEqual(
      hasty.requests.slice(0, 2).map(({ outcome }) => outcome),
      ["granted", "granted"],
    );
  } finally {
    await quick.close();
  }
});

test("an alarm ends after the listeners of its refresh have ended", async () => {
  const vault = await loggedIn("slow-listener");
  assert.deepEqual(await vault.heardWhenRung(), ["login", "refresh"]);
  assert.equal(oidc.requests.length, 1);
});

test("a write that names another generation than the stored one is refused and writes nothing", async () => {
  const vault = worker.vault(`user-${++users}`);
  for (const [generation, expected, written, after] of [
    [null, 1, false, null],
    [1, 1, false, null],
    [1, null, true, 1],
    [1, null, false, 1],
    [3, 2, false, 1],
    [null, null, false, 1],
    [null, 2, false, 1],
    [2, 1, true, 2],
    [null, 2, true, null],
    [null, null, true, null],
  ])
    assert.deepEqual(
      await vault.writes([generation, expected]),
      [[written, after]],
      `${generation} over ${expected}`,
    );
});

async function until(isSo) {
  for (const end = Date.now() + 20_000; !isSo(); await delay(50))
    assert.ok(Date.now() < end, "it did not come about in 20 s");
}

test("background never sets no alarm", async () => {
  const vault = await loggedIn();
  await vault.getAccessToken();
  assert.equal(await vault.alarmAt(), null);
});

test("sign out forgets the tokens and later calls say so", async () => {
  const vault = await loggedIn();
  await vault.getAccessToken();
  await vault.signOut();
  assert.equal((await vault.record()) ?? null, null);
  await assert.rejects(vault.getAccessToken(), /"code":"signed_out"/, "the code crosses to the Worker");
  assert.deepEqual(await vault.changes(), ["login", "refresh", "sign-out"]);
});

test("a stubs fetch is the refreshers and the token stays in the object", async () => {
  const vault = await loggedIn();
  const { access_token } = await vault.getTokens();
  assert.ok(access_token);
  const { ok, status } = await fetch(new URL(`vault/user-${users}/fetch`, worker.url), {
    method: "POST",
    body: JSON.stringify({ url: oidc.resource.url }),
  });
  assert.deepEqual([ok, status], [true, 200]);
});

test("a stub reaches the methods for tokens and none that a vault has for itself", async () => {
  const answers = await worker.ask("surface");
  const reached = Object.keys(answers).filter((name) => "answer" in answers[name]);
  assert.deepEqual(reached.sort(), SURFACE, JSON.stringify(answers, null, 1));
  for (const call of ["options()", "tokenChanged()"]) assert.match(answers[call].error, /does not implement/);
});

/** `fetch` is the request of a stub; the platform alone rings an alarm. */
const SURFACE = ["fetch", "getAccessToken", "getTokens", "refresh", "setTokens", "signOut"];
