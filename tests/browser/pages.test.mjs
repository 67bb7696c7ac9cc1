// Pages that are restored from the back/forward cache, and pages that only listen.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { tabs } from "./tabs.mjs";

const here = tabs();
const { openTab, openSession, input } = here;
const KINDS = ["local", "indexeddb", "encrypted"];

for (const kind of KINDS) {
  test(`a page restored from the back/forward cache knows the rotation of another tab, with ${kind}`, async () => {
    const [first, second] = await openSession(kind, await here.servers.oidc.mint("none"), {});
    await leave(first);
    const { access_token } = await second.evaluate(() => inPage.refresher.refresh());
    const answer = await back(first);
    assert.deepEqual(answer, { persisted: true, access_token });
    const heard = await first.evaluate((token) => inPage.heard({ access_token: token }), access_token);
    assert.equal(heard.source, "peer", heard);
    assert.equal(here.servers.oidc.requests.length, 1);
  });

  test(`a session that ended elsewhere has ended for a page restored from the back/forward cache, with ${kind}`, async () => {
    const [first, second] = await openSession(kind, await here.servers.oidc.mint("none"), {});
    await first.evaluate(() => inPage.refresher.getAccessToken());
    await leave(first);
    await second.evaluate(() => inPage.refresher.refresh());
    await second.evaluate(() => inPage.refresher.signOut());
    assert.deepEqual(await back(first), { persisted: true, code: "signed_out" });
    assert.equal(await first.evaluate(() => inPage.refresher.tokens), null);
    assert.equal(await first.evaluate(() => inPage.refresher.state), "signed-out");
    const login = await here.servers.oidc.mint("none");
    await second.evaluate((tokens) => inPage.refresher.setTokens(tokens), login);
    const heard = await first.evaluate((token) => inPage.heard({ access_token: token }), login.access_token);
    assert.equal(heard.source, "peer", "the page gets events again");
  });

  test(`a page that only listens gets the events of a login, a rotation and a sign-out, with ${kind}`, async () => {
    await here.context.addInitScript(countCompilations);
    const [first, second] = await Promise.all([openTab(), openTab()]);
    for (const tab of [first, second])
      await tab.evaluate((given) => inPage.open(given), input(kind, { background: "never" }));
    assert.equal(await first.evaluate(() => compilations), 0, "listening loads nothing");
    const { access_token } = await second.evaluate(
      (tokens) => inPage.refresher.setTokens(tokens),
      await here.servers.oidc.mint("none"),
    );
    await hears(first, { access_token, source: "peer" });
    const next = await second.evaluate(() => inPage.refresher.refresh());
    await hears(first, { access_token: next.access_token, source: "peer" });
    await second.evaluate(() => inPage.refresher.signOut());
    await hears(first, { access_token: undefined, source: "peer" });
    const types = await first.evaluate(() => inPage.events.map(({ type }) => type));
    assert.deepEqual(types, ["token-changed", "token-changed", "token-changed"]);
  });

  test(`a page that only listens gets the events that it missed in the back/forward cache, with ${kind}`, async () => {
    const [first, second] = await openSession(kind, await here.servers.oidc.mint("none"));
    await first.reload();
    await first.evaluate((given) => inPage.open(given), input(kind, { background: "never" }));
    await leave(first, { asks: false });
    await second.evaluate(() => inPage.refresher.signOut());
    assert.equal((await back(first)).persisted, true);
    await hears(first, { access_token: undefined, source: "peer" });
  });
}

for (const kind of ["indexeddb", "encrypted"])
  test(`a session of another server or client is not used and a login replaces it, with ${kind}`, async () => {
    const { oidc } = here.servers;
    const [owner] = await openSession(kind, await oidc.mint("none"));
    const given = input(kind, { background: "never" });
    const { token_endpoint } = given.server;
    for (const other of [{ client_id: "another-app" }, { token_endpoint: `${token_endpoint}/of-another` }]) {
      const tab = await openTab();
      await tab.evaluate((given) => inPage.open(given), {
        ...given,
        options: { ...given.options, ...other },
      });
      assert.equal(await tab.evaluate(() => inPage.refresher.load()), null);
      const { code, text } = await tab.evaluate(() => inPage.failure());
      assert.equal(code, "signed_out");
      assert.match(text, /the stored session is of another issuer, token_endpoint or client_id/);
      await tab.evaluate(() => inPage.refresher.signOut());
      await tab.close();
    }
    assert.equal(oidc.requests.length, 0);
    assert.ok((await owner.evaluate(() => inPage.refresher.refresh())).access_token, "its owner goes on");
    const tab = await openTab();
    await tab.evaluate((given) => inPage.open(given), { ...given, options: { client_id: "another-app" } });
    const login = { access_token: "token-of-another-app", refresh_token: "refresh-of-another-app" };
    await tab.evaluate((tokens) => inPage.refresher.setTokens(tokens), login);
    assert.equal(await tab.evaluate(() => inPage.refresher.getAccessToken()), login.access_token);
    // The owner answers from memory until it hears of the login.
    await waitUntil(owner, () =>
      inPage.refresher.getAccessToken().then(
        () => false,
        ({ code }) => code === "signed_out",
      ),
    );
  });

test("a page that waits for the lock stays in the back/forward cache and refreshes when it is restored", async () => {
  await here.context.addInitScript(recordLocks);
  const [first, second] = await openSession("indexeddb");
  await first.evaluate(() => inPage.refresher.getAccessToken());
  const name = await first.evaluate(() => lockNames.find((name) => name.startsWith("oauth-refresher:")));
  await second.evaluate(
    (name) =>
      new Promise((held) =>
        navigator.locks.request(name, () => new Promise((letGo) => (held(), (window.letGo = letGo)))),
      ),
    name,
  );
  await first.evaluate(() => void (inPage.waiting = inPage.refresher.refresh()));
  await waitUntil(
    first,
    (name) => navigator.locks.query().then(({ pending }) => pending.some((lock) => lock.name === name)),
    name,
  );
  await leave(first, { asks: false });
  const pending = await second.evaluate(async () => (await navigator.locks.query()).pending.length);
  assert.equal(pending, 0, "a cached page does not wait for the lock");
  assert.equal((await back(first)).persisted, true);
  await second.evaluate(() => letGo());
  const { access_token } = await first.evaluate(() => inPage.waiting);
  assert.equal(await first.evaluate(() => inPage.refresher.tokens.access_token), access_token);
  assert.equal(here.servers.oidc.requests.length, 2);
});

test("a tab that was opened in the background starts when it becomes visible", async () => {
  await here.context.addInitScript(() =>
    Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true }),
  );
  const tab = await openTab();
  await tab.evaluate((tokens) => localStorage.setItem("session", JSON.stringify(tokens)), {
    format: 1,
    generation: 1,
    obtained_at: 1,
    tokens: await here.runOut(),
  });
  await tab.evaluate((given) => inPage.open({ ...given, listens: false }), input("local", {}));
  await new Promise((later) => setTimeout(later, 300));
  assert.equal(here.servers.oidc.requests.length, 0, "a hidden tab sends no request");
  await tab.evaluate(() => {
    Object.defineProperty(document, "visibilityState", { value: "visible", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  assert.equal(await tab.evaluate(() => inPage.reaches("active")), true);
  await waitUntil(tab, () => inPage.refresher.tokens.expires_at > Date.now() / 1000);
  assert.equal(here.servers.oidc.requests.length, 1);
});

test("the package adds no unload listener", async () => {
  await here.context.addInitScript(() => {
    window.listened = [];
    const { addEventListener } = EventTarget.prototype;
    EventTarget.prototype.addEventListener = function (type, ...rest) {
      listened.push(type);
      return addEventListener.call(this ?? window, type, ...rest);
    };
  });
  const [tab] = await openSession("indexeddb", undefined, {});
  await tab.evaluate(() => inPage.refresher.refresh());
  const types = await tab.evaluate(() => listened);
  assert.ok(types.includes("pagehide"));
  assert.deepEqual(
    types.filter((type) => /unload/.test(type)),
    [],
  );
});

// --- helpers ----------------------------------------------------------------------------------------------------------

/** Navigates away and back. The first action of the restored page is to ask for a token. */
async function leave(tab, { asks = true } = {}) {
  await tab.evaluate((asks) => {
    addEventListener("pageshow", ({ persisted }) => {
      inPage.asked = (asks ? inPage.refresher.getAccessToken() : Promise.resolve()).then(
        (access_token) => ({ persisted, ...(asks && { access_token }) }),
        ({ code }) => ({ persisted, code }),
      );
    });
  }, asks);
  await tab.goto(`${here.pages.url}elsewhere`);
}

async function back(tab) {
  await tab.goBack({ waitUntil: "commit" }); // a restored page has no load event
  return tab.evaluate(() => inPage.asked ?? "it was loaded anew");
}

async function hears(tab, members) {
  const heard = await tab.evaluate((members) => inPage.heard({ type: "token-changed", ...members }), members);
  assert.equal(heard.type, "token-changed", heard);
}

async function waitUntil(tab, isSo, given) {
  for (let waits = 0; waits < 100; waits++) {
    if (await tab.evaluate(isSo, given)) return;
    await new Promise((later) => setTimeout(later, 50));
  }
  assert.fail(`timed out waiting for: ${isSo}`);
}

/** In a page, before its scripts. */
function countCompilations() {
  window.compilations = 0;
  const { compile } = WebAssembly;
  WebAssembly.compile = (...given) => (compilations++, compile(...given));
}

/** In a page, before its scripts. */
function recordLocks() {
  window.lockNames = [];
  const { request } = LockManager.prototype;
  LockManager.prototype.request = function (name, ...rest) {
    lockNames.push(name);
    return request.call(this, name, ...rest);
  };
}
