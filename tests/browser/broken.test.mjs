// Pages whose platform has no locks, channels, storages or secure context, or broken ones.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { tabs } from "./tabs.mjs";

const here = tabs();
const { openTab, openSession, input, serverOf, runOut, oneRequest } = here;
const never = { background: "never" };

const breakages = {
  a_null_lock: () => {
    LockManager.prototype.request = async (name, options, work) => (work ?? options)(null);
  },
  locks_that_throw: () => {
    LockManager.prototype.request = () => {
      throw new DOMException("request() is not allowed in this context", "SecurityError");
    };
    LockManager.prototype.query = LockManager.prototype.request;
  },
  locks_that_reject: () => {
    LockManager.prototype.request = () => Promise.reject(new DOMException("no", "SecurityError"));
    LockManager.prototype.query = LockManager.prototype.request;
  },
  no_locks: () => delete Navigator.prototype.locks,
  no_channels: () => delete globalThis.BroadcastChannel,
  channels_that_throw: () => {
    globalThis.BroadcastChannel = class {
      constructor() {
        throw new DOMException("The operation is insecure.", "SecurityError");
      }
    };
  },
};

for (const [name, script] of Object.entries(breakages))
  for (const kind of ["local", "indexeddb"])
    test(`with ${name}, one tab refreshes and another adopts the result, with ${kind}`, async () => {
      await here.context.addInitScript(script);
      const [first, second] = await openSession(kind);
      const token = await first.evaluate(() => inPage.refresher.getAccessToken());
      assert.equal(await second.evaluate(() => inPage.refresher.getAccessToken()), token);
      oneRequest();
      const { crossContextLock } = await first.evaluate(() => inPage.refresher.capabilities);
      const brokenAtOnce = /lock/.test(name) && name !== "a_null_lock";
      if (brokenAtOnce) assert.equal(crossContextLock, false);
    });

test("a lock that is never granted ends in lock_timeout and keeps the session", async () => {
  await here.context.addInitScript(() => {
    const { request } = LockManager.prototype;
    LockManager.prototype.request = function (name, ...rest) {
      if (!name.startsWith("oauth-refresher:")) return request.call(this, name, ...rest);
      const { signal } = rest[0];
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    };
  });
  const [tab] = await openSession("local");
  const begunMs = Date.now();
  const failure = await tab.evaluate(() => inPage.failure({ timeoutSeconds: 3 }));
  assert.match(failure.code, /lock_timeout|timeout/);
  assert.equal(failure.refreshTokenState, "unspent");
  assert.ok(Date.now() - begunMs < 5000);
  await tab.evaluate((tokens) => inPage.refresher.setTokens(tokens), await here.servers.oidc.mint("none"));
  assert.ok(
    await tab.evaluate(() => inPage.refresher.getAccessToken()),
    "a token that is good needs no lock",
  );
  assert.equal(here.servers.oidc.requests.length, 0);
});

for (const kind of ["local", "indexeddb"])
  test(`of two refreshes after a stolen lock one is stored, and both tabs have it, with ${kind}`, async () => {
    const { lenient } = here.servers;
    lenient.requests.length = 0;
    const given = { server: serverOf("lenient"), kind, options: { ...never, reuse: { graceSeconds: 10 } } };
    const [first, second] = await Promise.all([openTab(), openTab()]);
    const tokens = { ...(await lenient.mint("none")), expires_in: undefined, expires_at: 1 };
    await first.evaluate((given) => inPage.open(given), { ...given, tokens });
    await second.evaluate((given) => inPage.open(given), given);
    lenient.faults.next = { name: "slow", delayMs: 600 };
    const asked = first.evaluate(() => inPage.refresher.getAccessToken());
    await second.evaluate(async () => {
      const ours = ({ name }) => name.startsWith("oauth-refresher:");
      let name;
      while (!(name = (await navigator.locks.query()).held.find(ours)?.name));
      await new Promise((later) => setTimeout(later, 200)); // the request is in-flight
      return navigator.locks.request(name, { steal: true }, async () => {});
    });
    const [ours, theirs] = await Promise.all([
      asked,
      second.evaluate(() => inPage.refresher.getAccessToken()),
    ]);
    assert.equal(
      lenient.requests.length,
      2,
      "a context that finds a mark and a free lock treats the mark as abandoned",
    );
    assert.equal(ours, theirs, "the context whose result came second adopted the first one");
    await second.evaluate(() => inPage.refresher.refresh());
    await first.evaluate(() => inPage.refresher.refresh());
    assert.deepEqual(new Set(lenient.requests.map(({ outcome }) => outcome)), new Set(["granted"]));
  });

test("a page in an insecure context refreshes, and capabilities say that there is no lock", async () => {
  const tab = await here.context.newPage();
  here.listen(tab);
  await tab.goto(here.insecure());
  assert.equal(await tab.evaluate(() => isSecureContext || "locks" in navigator), false);
  for (const kind of ["local", "indexeddb"]) {
    const capabilities = await tab.evaluate(
      async (given) => {
        await inPage.open(given);
        await inPage.refresher.getAccessToken();
        return inPage.refresher.capabilities;
      },
      { ...input(kind, never), tokens: await runOut() },
    );
    assert.deepEqual(capabilities, { engine: "wasm", crossContextLock: false, conditionalSave: true });
  }
  assert.equal(here.servers.oidc.requests.length, 2);
});

test("a port that Chromium's fetch blocks is client_rejected and unspent, and leaves no mark: Chromium itself gives no reason", async () => {
  const tab = await openTab();
  const token_endpoint = "https://127.0.0.1:6667/token";
  const plain = await tab.evaluate((url) => fetch(url).catch(String), token_endpoint);
  assert.equal(plain, "TypeError: Failed to fetch");
  const given = { ...input("local", { ...never, token_endpoint }), tokens: await runOut() };
  await tab.evaluate((given) => inPage.open(given), given);
  const failure = await tab.evaluate(() => inPage.failure());
  assert.deepEqual([failure.code, failure.refreshTokenState], ["client_rejected", "unspent"]);
  const stored = await tab.evaluate(() => Object.values(localStorage).join());
  assert.ok(stored.includes("refresh_token") && !stored.includes("pending"), "no mark");
  here.complaints.length = 0;
});

test("a localStorage that the page clears does not delay a login", async () => {
  const tab = await openTab();
  await tab.evaluate((given) => inPage.open(given), input("local", never));
  const tookMs = await tab.evaluate(
    async (tokens) => {
      // the first one loads the core
      await inPage.refresher.setTokens(tokens);
      const begun = performance.now();
      for (let logins = 0; logins < 3; logins++) {
        localStorage.clear();
        await inPage.refresher.setTokens(tokens);
      }
      return performance.now() - begun;
    },
    await here.servers.oidc.mint("none"),
  );
  assert.ok(tookMs < 450, `it took ${tookMs} ms`);
});

const refusals = {
  local: {
    SecurityError: () => {
      for (const name of ["getItem", "setItem", "removeItem"])
        Storage.prototype[name] = () => {
          throw new DOMException("The operation is insecure.", "SecurityError");
        };
    },
    QuotaExceededError: () => {
      Storage.prototype.setItem = () => {
        throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
      };
    },
  },
  indexeddb: {
    SecurityError: () => {
      IDBFactory.prototype.open = () => {
        throw new DOMException("The operation is insecure.", "SecurityError");
      };
    },
    UnknownError: () => {
      IDBFactory.prototype.open = () => {
        const request = { error: new DOMException("Internal error.", "UnknownError") };
        setTimeout(() => request.onerror?.());
        return request;
      };
    },
    // the error of a full disk
    AbortError: () => {
      IDBObjectStore.prototype.put = function () {
        this.transaction.abort();
      };
    },
  },
};

for (const [kind, scripts] of Object.entries(refusals))
  for (const [name, script] of Object.entries(scripts))
    test(`with ${kind} and a ${name}, a login stays in memory and listeners get its event`, async () => {
      await here.context.addInitScript(script);
      const tab = await openTab();
      const tokens = await here.servers.oidc.mint("none");
      const found = await tab.evaluate(
        async ([given, tokens, old]) => {
          await inPage.open(given);
          const answer = () => inPage.refresher.getAccessToken().catch(({ code }) => code);
          await inPage.refresher.setTokens(tokens).catch(() => {});
          const served = await answer();
          await inPage.refresher.setTokens(old).catch(() => {});
          return {
            served,
            refreshed: await answer(),
            failed: await inPage.heard({ type: "storage-failed" }),
          };
        },
        [input(kind, never), tokens, await runOut()],
      );
      assert.match(found.failed.error ?? found.failed, new RegExp(name));
      assert.equal(found.served, tokens.access_token, "a valid token is served");
      assert.match(found.refreshed, /.{20}/, "an expired one is refreshed, because there is nothing to lose");
      oneRequest();
      assert.equal(await tab.evaluate(() => inPage.refresher.getAccessToken()), found.refreshed);
    });
