// The packed package in Chromium pages under a strict content security policy, against real servers: one page, two tabs, a worker, a
// second visit.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { tabs } from "./tabs.mjs";

const ROUNDS = process.env.OAUTH_REFRESHER_LONG ? 40 : 3;
const here = tabs();
const { openTab, openSession, input, serverOf, runOut } = here;

for (const name of ["oidc", "go1", "goto", "vault"])
  test(`a page under a strict content security policy refreshes at ${name} and calls its API`, async () => {
    const tab = await openTab();
    const { resource, requests, violations = [] } = here.servers[name];
    requests.length = 0;
    await tab.evaluate((input) => inPage.open(input), {
      preset: name,
      server: serverOf(name),
      kind: "memory",
      tokens: name === "oidc" ? await here.servers.oidc.mint("none") : here.servers[name].mint(),
      options: { origins: [here.servers[name].origin], background: "never" },
    });
    const status = await tab.evaluate(async (url) => {
      for (let round = 0; round < 3; round++) await inPage.refresher.refresh();
      return (await inPage.refresher.fetch(url)).status;
    }, resource.url);
    assert.equal(status, 200);
    assert.deepEqual(
      requests.map(({ outcome }) => outcome),
      ["granted", "granted", "granted"],
    );
    assert.deepEqual(violations, []);
  });

test("without wasm-unsafe-eval a call rejects with engine_failed", async () => {
  const tab = await openTab("no-wasm");
  await tab.evaluate((input) => inPage.open(input), input("memory", { background: "never" }));
  const { code, text } = await tab.evaluate(() => inPage.failure());
  assert.equal(code, "engine_failed");
  assert.match(text, /wasm-unsafe-eval/, "and says what to write into the policy");
  assert.match(text, /oauth-refresher\/js/, "or what to import");
});

test("without wasm-unsafe-eval the entry js refreshes and shares the session with the default entry", async () => {
  const [blocked, allowed] = [await openTab("no-wasm"), await openTab()];
  const given = input("local", { background: "never" });
  const tokens = await here.servers.oidc.mint("none");
  await allowed.evaluate((given) => inPage.open(given), { ...given, tokens });
  await blocked.evaluate((given) => inPage.open(given), { ...given, entry: "oauth-refresher/js" });
  const token = () => inPage.refresher.getAccessToken();
  assert.equal(await blocked.evaluate(token), tokens.access_token, "a record of the other core is read");
  await blocked.evaluate(() => inPage.refresher.refresh());
  assert.equal(await blocked.evaluate(() => inPage.refresher.capabilities.engine), "js");
  assert.equal(await allowed.evaluate(token), await blocked.evaluate(token), "and its own is");
});

test("the claims about IndexedDB hold in a page", async () => {
  const tab = await openTab();
  const results = await tab.evaluate(async () => {
    const { run } = await import("/indexeddb-page.mjs");
    return run(inPage.indexedDbStorage);
  });
  assert.ok(results.length > 10);
  assert.deepEqual(
    results.filter(({ failure }) => failure),
    [],
  );
});

for (const kind of ["local", "indexeddb", "encrypted"]) {
  test(`two tabs that ask at once send one token request, with ${kind}`, async () => {
    await askInRounds(await openSession(kind), ROUNDS);
  });

  test(`a rotation in one tab and a sign-out in the other are seen by both, with ${kind}`, async () => {
    const [first, second] = await openSession(kind, await here.servers.oidc.mint("none"), {});
    await second.evaluate(() => inPage.reaches("active"));
    const { access_token } = await first.evaluate(() => inPage.refresher.refresh());
    const heard = await second.evaluate((token) => inPage.heard({ access_token: token }), access_token);
    assert.deepEqual([heard.type, heard.source], ["token-changed", "peer"], heard);
    assert.equal(await second.evaluate(() => inPage.refresher.getAccessToken()), access_token);
    assert.equal(here.servers.oidc.requests.length, 1, "a peer's tokens are not requested again");

    await second.evaluate(() => inPage.refresher.signOut());
    assert.equal(await first.evaluate(() => inPage.reaches("signed-out")), true);
    assert.equal(await first.evaluate(() => inPage.refresher.tokens), null);
    assert.equal((await first.evaluate(() => inPage.failure())).code, "signed_out");
  });
}

for (const kind of ["indexeddb", "encrypted"])
  test(`without Web Locks the compare-and-swap of the storage leaves one token request, with ${kind}`, async () => {
    await here.context.addInitScript(() => delete Navigator.prototype.locks);
    const tabs = await openSession(kind);
    assert.equal(await tabs[0].evaluate(() => "locks" in navigator), false);
    assert.equal(await tabs[0].evaluate(() => inPage.refresher.capabilities.crossContextLock), false);
    await askInRounds(tabs, ROUNDS);
  });

for (const kind of ["local", "indexeddb"])
  test(`of a login and a sign-out in two tabs at once, the second one is told so, with ${kind}`, async () => {
    const tabs = await Promise.all([openTab(), openTab()]);
    for (const tab of tabs)
      await tab.evaluate((kind) => {
        const storage = inPage.storages[kind]();
        inPage.saveAt = async (atMs, record, expected) => {
          while (Date.now() < atMs);
          return storage.save(record, expected);
        };
      }, kind);
    const saves = (tab, ...given) => tab.evaluate((given) => inPage.saveAt(...given), given);
    const record = (generation) => ({ format: 1, generation, obtained_at: generation, tokens: {} });
    let stored = null;
    for (let round = 1; round <= ROUNDS * 5; round++) {
      const generation = round * 10;
      assert.equal(await saves(tabs[round % 2], 0, record(generation), stored), true);
      const atMs = Date.now() + 50;
      const [signedOut, loggedIn] = await Promise.all([
        saves(tabs[0], atMs, null, generation),
        saves(tabs[1], atMs, record(generation + 1), generation),
      ]);
      assert.equal(signedOut, !loggedIn, `round ${round}`);
      stored = loggedIn ? generation + 1 : null;
    }
  });

test("visible tabs refresh ahead with one request per rotation, and hidden tabs do not", async () => {
  const { requests, mint } = here.servers.hasty;
  const tabs = await Promise.all([openTab(), openTab()]);
  const shared = { server: serverOf("hasty"), kind: "local" };
  await tabs[0].evaluate((given) => inPage.open(given), { ...shared, tokens: await mint("none") });
  await tabs[1].evaluate((given) => inPage.open(given), shared);
  await delay(2500);
  await Promise.all(tabs.map((tab) => tab.evaluate(setVisibility, "hidden")));
  await delay(300); // requests that were in-flight when the tabs were hidden
  const whileVisible = requests.length;
  assert.ok(whileVisible >= 2, `refreshed ${whileVisible} times without being asked`);
  await delay(1500);
  assert.equal(requests.length, whileVisible, "hidden tabs refresh nothing");
  await tabs[1].evaluate(setVisibility, "visible");
  for (let waits = 0; requests.length === whileVisible && waits < 100; waits++) await delay(50);
  assert.ok(requests.length > whileVisible, "a visible tab refreshes at once");
  for (const [i, { outcome, refreshTokenNumber }] of requests.entries())
    assert.deepEqual([outcome, refreshTokenNumber], ["granted", i + 1]);
});

// --- helpers ----------------------------------------------------------------------------------------------------------

/** Runs in a page: the events of a user who switches tabs. */
function setVisibility(state) {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}

/** In each round the access token is expired, and both tabs ask at the same millisecond. */
async function askInRounds(tabs, rounds) {
  const { requests } = here.servers.oidc;
  for (let round = 1; round <= rounds; round++) {
    if (round > 1) await logInAgain(tabs);
    const atMs = Date.now() + 100;
    const tokens = await Promise.all(tabs.map((tab) => tab.evaluate((at) => inPage.askAt(at), atMs)));
    assert.equal(tokens[0], tokens[1], `round ${round}`);
    assert.equal(requests.length, round, "one token request in each round");
  }
  assert.ok(
    requests.every(({ outcome, refreshTokenNumber }) => outcome === "granted" && refreshTokenNumber === 1),
  );
}

async function logInAgain([first, second]) {
  const tokens = await runOut();
  await first.evaluate((given) => inPage.refresher.setTokens(given), tokens);
  const seen = await second.evaluate((access_token) => inPage.heard({ access_token }), tokens.access_token);
  assert.equal(seen.source, "peer", seen);
}
