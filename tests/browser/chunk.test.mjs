// The core as a chunk of its own: when it is fetched, and what happens when it cannot be.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { tabs } from "./tabs.mjs";

const here = tabs();
const { openTab, input } = here;
const CHUNK = "**/package/lib/core-lazy.js*";
const never = { background: "never" };

for (const [name, reply] of Object.entries({
  404: { status: 404, body: "gone" },
  "HTML in its place": { status: 200, contentType: "text/html", body: "<!doctype html>" },
}))
  test(`a chunk that cannot be loaded (${name}) is an error that names it, and the next call loads it`, async () => {
    const tab = await openTab();
    await tab.route(CHUNK, (route) => route.fulfill(reply), { times: 1 });
    await tab.evaluate((given) => inPage.open(given), input("memory", never));
    const { code, text } = await tab.evaluate(() => inPage.failure());
    assert.equal(code, "engine_failed");
    assert.match(text, /core-lazy\.js|dynamically imported module/, "the error names the chunk");
    const again = await tab.evaluate(() => inPage.failure());
    assert.equal(again.code, "signed_out");
    here.complaints.length = 0;
  });

test("a chunk that neither comes nor fails rejects its callers after 30 seconds, and a later call has it", async () => {
  const tab = await openTab();
  /** @type {any} */
  let held;
  await tab.route(CHUNK, (route) => (held = route), { times: 1 });
  await tab.clock.install();
  await tab.evaluate((given) => inPage.open(given), input("memory", never));
  const failed = tab.evaluate(() => inPage.failure());
  while (!held) await tab.waitForTimeout(20);
  await tab.clock.fastForward(31_000);
  const { code, text } = await failed;
  assert.equal(code, "engine_failed");
  assert.match(text, /no chunk in 30 s/);
  await held.continue();
  assert.equal((await tab.evaluate(() => inPage.failure())).code, "signed_out");
});

test("a page does not fetch the core before a call needs it", async () => {
  const tab = await openTab();
  const asked = [];
  tab.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await tab.evaluate((given) => inPage.open({ ...given, listens: false }), input("memory", never));
  await tab.waitForTimeout(100);
  assert.deepEqual(asked, [], "createRefresher loads nothing");
  await tab.evaluate(() => inPage.failure());
  // no bundler made one file of them
  const parts = [
    "compile",
    "discovery",
    "exchange",
    "failure",
    "ports/blocked",
    "ports/bounded",
    "ports/http",
    "ports/lock",
    "ports/messages",
    "ports/storage",
    "ports/timer",
    "request",
    "revocation",
    "wire",
  ];
  assert.deepEqual(
    asked.sort(),
    ["core-bytes", "core-glue", "core-lazy", ...parts].sort().map((part) => `/package/lib/${part}.js`),
  );
});

for (const kind of ["local", "indexeddb", "encrypted"])
  test(`a fresh session in ${kind} is handed out without the core, until another tab signs out`, async () => {
    const tokens = await here.servers.oidc.mint("none");
    const first = await openTab();
    await first.evaluate((given) => inPage.open(given), { ...input(kind, never), tokens });
    const tab = await openTab();
    const asked = [];
    tab.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await tab.evaluate((given) => inPage.open(given), input(kind, never));
    const token = () => tab.evaluate(() => inPage.refresher.getAccessToken());
    assert.equal(await token(), tokens.access_token);
    assert.equal(await token(), tokens.access_token);
    assert.deepEqual(asked, []);
    await first.evaluate(() => inPage.refresher.signOut());
    assert.equal((await tab.evaluate(() => inPage.heard({ type: "token-changed" }))).source, "peer");
    assert.ok(asked.some((path) => path.endsWith("core-lazy.js")));
    assert.equal((await tab.evaluate(() => inPage.failure())).code, "signed_out");
    assert.equal(here.servers.oidc.requests.length, 0);
  });

test("a service worker is told at once which entry to import", async () => {
  const tab = await openTab();
  const said = await tab.evaluate(() => inPage.worker({ entry: "page" }, "service"));
  assert.match(said, /TypeError: .*oauth-refresher\/inline/);
});
