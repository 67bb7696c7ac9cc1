// Hosts in Chromium: a SharedWorker, a dedicated worker and a service worker, against real servers. Access tokens cross the ports on purpose.

import assert from "node:assert/strict";
import { test } from "node:test";
import { tabs } from "./tabs.mjs";

const here = tabs();
const server = (more) => ({ ...here.serverOf("oidc"), background: "never", ...more });

async function openPage(given, path = "hosts") {
  const tab = await here.openTab(path);
  await tab.evaluate((given) => inPage.open(given), { server: server(), ...given });
  return tab;
}

const asked = () => here.servers.oidc.requests.map(({ outcome }) => outcome);

for (const kind of ["shared", "dedicated", "service"]) {
  test(`a page refreshes through a host in a ${kind} worker, and hears its events`, async () => {
    const tab = await openPage({ kind, tokens: await here.runOut() });
    const token = await tab.evaluate(() => inPage.token());
    assert.match(token, /./);
    assert.deepEqual(asked(), ["granted"]);
    await hears(tab, ["login", "refresh"]);
    assert.equal(await tab.evaluate(() => inPage.refresher.state), "active");
    assert.equal(await tab.evaluate(() => inPage.refresher.tokens.refresh_token), undefined);
  });

  for (const fetchIn of ["page", "host"])
    test(`refresher.fetch in the ${fetchIn} reaches the API with a host in a ${kind} worker`, async () => {
      const { resource, origin } = here.servers.oidc;
      const given = { kind, server: server({ origins: [origin] }), connect: { fetchIn } };
      const tab = await openPage({ ...given, tokens: await here.servers.oidc.mint("none") });
      assert.equal(await tab.evaluate((url) => inPage.call(url), resource.url), 200);
      await assert.rejects(
        tab.evaluate(() => inPage.call("https://elsewhere.example/")),
        /gets no access token/,
      );
    });
}

test("two tabs share the host in a SharedWorker", async () => {
  await doOneRequestTogether("shared", "shared");
});

test("a tab that reloads with its request out loses nothing while another tab holds the SharedWorker", async () => {
  const tab = await openPage({ kind: "shared", tokens: await here.runOut() });
  const other = await openPage({ kind: "shared" });
  await reloadsMeanwhile(tab);
  await tab.evaluate((given) => inPage.open(given), { kind: "shared", server: server() });
  const token = await tab.evaluate(() => inPage.token());
  assert.equal(token, await other.evaluate(() => inPage.token()));
  assert.deepEqual(asked(), ["granted"], "one request, and its reply was stored");
});

test("a tab that closes with its request out loses nothing while another tab holds the SharedWorker", async () => {
  const tab = await openPage({ kind: "shared", tokens: await here.runOut() });
  const other = await openPage({ kind: "shared" });
  here.servers.oidc.faults.next = { name: "slow", delayMs: 600 };
  tab.evaluate(() => void inPage.token());
  await requested();
  await tab.close();
  await other.evaluate(() => inPage.token());
  assert.deepEqual(asked(), ["granted"]);
});

test("the only tab reloads with its request out and loses nothing with a host in a service worker", async () => {
  const tab = await openPage({ kind: "service", tokens: await here.runOut() });
  await reloadsMeanwhile(tab);
  await tab.evaluate((given) => inPage.open(given), { kind: "service", server: server() });
  await tab.evaluate(() => inPage.token());
  assert.deepEqual(asked(), ["granted"]);
});

for (const kind of ["missing", "none"])
  test(`without a host (${kind}) the fallback is used, and without one the error says why`, async () => {
    const tab = await openPage({ kind, falls: true, tokens: await here.runOut() });
    assert.match(await tab.evaluate(() => inPage.token()), /./);
    assert.equal(await tab.evaluate(() => inPage.fellBack), true);
    await hears(tab, ["login", "refresh"]);
    const without = await openPage({ kind });
    assert.match(
      await without.evaluate(() => inPage.failure()),
      /engine_failed: .*(does not answer|NoSuchWorker)/,
    );
    here.complaints.length = 0;
  });

test("a policy without worker-src leads to the fallback", async () => {
  const tab = await openPage({ kind: "shared", falls: true, tokens: await here.runOut() }, "hosts-blocked");
  assert.match(await tab.evaluate(() => inPage.token()), /./);
  assert.equal(await tab.evaluate(() => inPage.fellBack), true);
  here.complaints.length = 0;
});

test("a page with a host and a page without one do one token request together", async () => {
  await doOneRequestTogether("shared", "page");
});

test("two hosts, in a SharedWorker and in a service worker, do one token request together", async () => {
  await doOneRequestTogether("shared", "service");
});

test("a worker answers the application's own messages too", async () => {
  const tab = await openPage({ kind: "service" });
  const answer = await tab.evaluate(async () => {
    const { port1, port2 } = new MessageChannel();
    const pong = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
    (await navigator.serviceWorker.ready).active.postMessage("ping", [port2]);
    return pong;
  });
  assert.equal(answer, "pong");
});

/** Two tabs of these kinds, whose access token has run out. */
async function doOneRequestTogether(one, other) {
  const tabs = [await openPage({ kind: one, tokens: await here.runOut() }), await openPage({ kind: other })];
  const tokens = await Promise.all(tabs.map((tab) => tab.evaluate(() => inPage.token())));
  assert.equal(tokens[0], tokens[1]);
  assert.deepEqual(asked(), ["granted"]);
}

/** The reply comes while the page is being loaded again. */
async function reloadsMeanwhile(tab) {
  here.servers.oidc.faults.next = { name: "slow", delayMs: 600 };
  tab.evaluate(() => void inPage.token()).catch(() => {});
  await requested();
  await tab.reload();
}

/** An event crosses the port in a message of its own, after the answer. */
async function hears(tab, events) {
  const heard = () => tab.evaluate(() => inPage.events);
  for (const end = Date.now() + 5000; Date.now() < end && (await heard()).length < events.length;)
    await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(await heard(), events);
}

async function requested() {
  for (const end = Date.now() + 5000; Date.now() < end;) {
    if (here.servers.oidc.faults.next.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail("no token request came");
}
