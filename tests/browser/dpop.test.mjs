// DPoP in Chromium pages: the key in IndexedDB, across tabs and visits, at a server on another origin that requires nonces.

import "../leaks/listener.mjs";
import { hearPage } from "../leaks/pages.mjs";
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { chromium } from "playwright-core";
import { startDPoPApi } from "../servers/dpop-api.mjs";
import { startOidc } from "../servers/index.mjs";
import { startPages } from "./page-server.mjs";

const FLAGS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

let oidc, api, jkt, pages, browser, context;
before(async () => {
  oidc = await startOidc({ nonces: true });
  api = await startDPoPApi({ nonces: true, accepts: () => jkt });
  pages = await startPages([oidc.origin, api.origin]);
  const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, headless: true, args: FLAGS.split(" ") });
});
after(async () => {
  await browser?.close();
  await pages?.close();
  await Promise.all([oidc?.close(), api?.close()]);
});
beforeEach(async () => {
  oidc.requests.length = api.calls.length = 0;
  context = await browser.newContext();
  context.setDefaultTimeout(10_000);
});
afterEach(() => context.close());

test("the test vectors of RFC 9449, 7638 and 8037 are reproduced", async () => {
  const tab = await openTab();
  const failures = await tab.evaluate(async () => {
    const { reproduce } = await import("/vectors/dpop.mjs");
    return reproduce(inPage.dpop);
  });
  assert.deepEqual(failures, []);
});

test("a bound session is logged in, rotated, and found again by the next visit", async () => {
  const tab = await openTab();
  jkt = await tab.evaluate(() => inPage.thumbprint());
  const tokens = await oidc.mint("none", { jkt });
  await tab.evaluate((given) => inPage.openBound(given), { server: client(), tokens });
  await tab.evaluate(() => inPage.refresher.refresh());
  await tab.reload();
  await tab.evaluate((given) => inPage.openBound(given), { server: client() });
  const { token_type } = await tab.evaluate(() => inPage.refresher.refresh());
  assert.equal(token_type, "DPoP");
  assert.equal(await tab.evaluate(() => inPage.thumbprint()), jkt);
  assert.deepEqual(
    oidc.requests.map(({ outcome, error }) => error ?? outcome),
    ["use_dpop_nonce", "granted", "use_dpop_nonce", "granted"], // nonces are kept in memory only
  );
});

test("tabs that make a key at once get the same key and share the session", async () => {
  const tabs = await Promise.all([openTab(), openTab(), openTab()]);
  const thumbprints = await Promise.all(tabs.map((tab) => tab.evaluate(() => inPage.thumbprint())));
  assert.equal(new Set(thumbprints).size, 1);
  const tokens = await oidc.mint("none", { jkt: thumbprints[0] });
  await tabs[0].evaluate((given) => inPage.openBound(given), { server: client(), tokens });
  for (const tab of tabs.slice(1))
    await tab.evaluate((given) => inPage.openBound(given), { server: client() });
  for (const tab of tabs) await tab.evaluate(() => inPage.refresher.refresh());
  assert.deepEqual(
    oidc.requests
      .filter(({ outcome }) => outcome === "granted")
      .map(({ refreshTokenNumber }) => refreshTokenNumber),
    [1, 2, 3],
  );
});

test("after the browser evicted the key the session has ended: no request until the next login", async () => {
  const tab = await openTab();
  const tokens = await oidc.mint("none", { jkt: await tab.evaluate(() => inPage.thumbprint()) });
  await tab.evaluate((given) => inPage.openBound(given), { server: client(), tokens });
  await tab.reload();
  await tab.evaluate(
    () => new Promise((resolve) => (indexedDB.deleteDatabase("oauth-refresher.dpop").onsuccess = resolve)),
  );
  await tab.evaluate((given) => inPage.openBound(given), { server: client() });
  const { code, refreshTokenState } = await tab.evaluate(() => inPage.failure());
  assert.deepEqual([code, refreshTokenState], ["session_ended", "unspent"]);
  assert.equal(oidc.requests.length, 0);

  jkt = await tab.evaluate(() => inPage.thumbprint());
  const again = await oidc.mint("none", { jkt });
  await tab.evaluate((given) => inPage.refresher.setTokens(given), again);
  assert.equal((await tab.evaluate(() => inPage.refresher.refresh())).token_type, "DPoP");
});

test("a tab with the old key adopts the new one after another tab's login", async () => {
  const [old, other] = [await openTab(), await openTab()];
  const tokens = await oidc.mint("none", { jkt: await old.evaluate(() => inPage.thumbprint()) });
  await old.evaluate((given) => inPage.openBound(given), { server: client(), tokens });
  await other.evaluate(
    () => new Promise((resolve) => (indexedDB.deleteDatabase("oauth-refresher.dpop").onsuccess = resolve)),
  );
  await other.evaluate((given) => inPage.openBound(given), { server: client() });
  const jkt = await other.evaluate(() => inPage.thumbprint());
  const fresh = await oidc.mint("none", { jkt });
  await other.evaluate((given) => inPage.refresher.setTokens(given), fresh);
  const { token_type } = await old.evaluate(() => inPage.refresher.refresh());
  assert.equal(token_type, "DPoP");
  assert.equal(await old.evaluate(() => inPage.thumbprint()), jkt);
  assert.deepEqual(oidc.revokedFamilies, []);
});

test("a request to an API on another origin carries that origin's nonce and a proof", async () => {
  const tab = await openTab();
  jkt = await tab.evaluate(() => inPage.thumbprint());
  const tokens = await oidc.mint("none", { jkt });
  await tab.evaluate((given) => inPage.openBound(given), { server: client(), tokens });
  const answers = await tab.evaluate(async (origin) => {
    const post = { method: "POST", body: "text" };
    const responses = [
      await inPage.refresher.fetch(`${origin}/a?b#c`),
      await inPage.refresher.fetch(`${origin}/a`, post),
      await inPage.refresher.fetch(new Request(`${origin}/a`, post)),
    ];
    return Promise.all(responses.map(async (response) => [response.status, (await response.json()).body]));
  }, api.origin);
  assert.deepEqual(answers, [
    [200, ""],
    [200, "text"],
    [200, "text"],
  ]);
  assert.deepEqual(
    api.calls.map(({ status }) => status),
    [401, 200, 200, 200],
  );
  assert.equal(oidc.requests.length, 0);
});

test("a page gets a TypeError for a redirect, and nothing is sent to its target", async () => {
  const tab = await openTab();
  jkt = await tab.evaluate(() => inPage.thumbprint());
  const tokens = await oidc.mint("none", { jkt });
  await tab.evaluate((given) => inPage.openBound(given), { server: client(), tokens });
  const said = await tab.evaluate(
    async (url) => {
      const asked = inPage.refresher.fetch(url);
      return asked.catch((error) => `${error.name}: ${error.message}`);
    },
    `${api.origin}/a?to=${encodeURIComponent(`${oidc.origin}/resource`)}`,
  );
  assert.equal(
    said,
    `TypeError: ${api.origin} redirects, and a page cannot make a proof for where that leads: ask for the final URL`,
  );
  assert.deepEqual([oidc.resource.accepted, oidc.resource.refused], [0, 0]);
});

test("the private key in IndexedDB cannot be exported", async () => {
  const tab = await openTab();
  const found = await tab.evaluate(async () => {
    await inPage.thumbprint();
    const database = await new Promise((resolve) => {
      const request = indexedDB.open("oauth-refresher.dpop");
      request.onsuccess = () => resolve(request.result);
    });
    const pair = await new Promise((resolve) => {
      const request = database.transaction("keys").objectStore("keys").get("dpop");
      request.onsuccess = () => resolve(request.result);
    });
    const name = await crypto.subtle.exportKey("pkcs8", pair.privateKey).catch((error) => error.name);
    return { name, extractable: pair.privateKey.extractable };
  });
  assert.deepEqual(found, { name: "InvalidAccessError", extractable: false });
});

// --- helpers ----------------------------------------------------------------------------------------------------------

const client = () => ({
  token_endpoint: oidc.token_endpoint,
  ...oidc.clients.none,
  origins: [oidc.origin, api.origin],
});

async function openTab() {
  const tab = hearPage(await context.newPage());
  await tab.goto(pages.url);
  return tab;
}
