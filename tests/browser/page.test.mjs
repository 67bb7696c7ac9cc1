// The demo page in Chromium, with the packed package and the demo's servers: what a user sees, and which requests the servers got.
// SCREENSHOT_DIRECTORY=… writes screenshots there.

import "../leaks/listener.mjs";
import { hearPage } from "../leaks/pages.mjs";
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { chromium } from "playwright-core";
import { sessionsOf, startDemoServers } from "../../www/demo-servers.mjs";
import { installedDirectory } from "../../www/installed.mjs";
import { servePage } from "../../www/serve.mjs";

const LIFE_SECONDS = 3;
const NAMES = ["oidc", "go1", "goto", "vault"];
const FLAGS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

let servers, served, browser, context, first, second;
const complaints = [];

before(async () => {
  servers = await startDemoServers({
    oidc: LIFE_SECONDS,
    go1: LIFE_SECONDS,
    goto: LIFE_SECONDS,
    vault: LIFE_SECONDS,
  });
  served = await servePage({ packageDirectory: installedDirectory(), servers });
  const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, headless: true, args: FLAGS.split(" ") });
  context = await browser.newContext({ viewport: { width: 1200, height: 1000 } });
  context.setDefaultTimeout(10_000);
  first = await openTab();
});
after(async () => {
  await browser?.close();
  await served?.close();
  await servers?.close();
});

test("the page shows four active sessions", async () => {
  for (const name of NAMES) {
    await shows(first, `[data-session=${name}][data-state=active]`);
    await shows(first, `[data-session=${name}] .bar[data-source=login]`);
    await shows(first, `[data-session=${name}] .bar[data-source=refresh]`);
  }
});

test("two tabs share each session with one token request per rotation", async () => {
  second = await openTab();
  for (const name of NAMES) await until(() => generation(second, name));
  const before = requestsOf();
  await delay(LIFE_SECONDS * 2 * 1000);
  await picture("two-tabs", first, second);
  for (const name of NAMES) {
    const requests = requestsOf()[name];
    const fresh = requests.slice(before[name].length);
    assert.ok(fresh.length >= 2, `${name} rotated only ${fresh.length} times`);
    assert.deepEqual(new Set(requests.map(({ outcome }) => outcome)), new Set(["granted"]), name);
    for (const [i, { atMs }] of requests.entries()) {
      const sinceMs = i === 0 ? Infinity : atMs - requests[i - 1].atMs;
      assert.ok(sinceMs > LIFE_SECONDS * 500, `${name}: two token requests within ${sinceMs} ms`);
    }
    // Read again if there was a rotation between the readings.
    await until(async () => {
      const here = [await figure(first, name, "here"), await figure(second, name, "here")].map(Number);
      return here[0] + here[1] === requestsOf()[name].length;
    }, `${name}: the tabs do not count as many refreshes as the server`);
    await until(async () => {
      const generations = [await generation(first, name), await generation(second, name)];
      return generations[0] === generations[1];
    }, `${name}: the tabs have different generations`);
  }
  const adopted = await Promise.all(
    NAMES.flatMap((name) => [first, second].map((tab) => figure(tab, name, "peers").then(Number))),
  );
  assert.ok(
    adopted.reduce((sum, count) => sum + count, 0) >= 8,
    "tabs take over what the other one refreshed",
  );
});

test("a sign-out and a login in one tab show in the other", async () => {
  await press(second, "go1", "signOut");
  await shows(second, "[data-session=go1][data-state=signed-out]");
  await shows(first, "[data-session=go1][data-state=signed-out]");
  await press(first, "go1", "logIn");
  await shows(first, "[data-session=go1][data-state=active]");
  await shows(second, "[data-session=go1][data-state=active]");
});

test("a session continues when the network is back", async () => {
  await first.locator("#network").click();
  await shows(second, "#network[aria-pressed=true]");
  const before = requestsOf();
  await delay(LIFE_SECONDS * 1000);
  for (const name of NAMES)
    assert.equal(requestsOf()[name].length, before[name].length, `${name} had no network`);
  await press(first, "vault", "call");
  await until(
    () => first.locator("[data-session=vault] .last[data-tone]:not([data-tone=''])").count(),
    "the call without a network failed",
  );
  await picture("no-network", first);
  await second.locator("#network").click();
  await shows(first, "#network[aria-pressed=false]");
  for (const name of NAMES) {
    await callIsAnswered(first, name);
    await shows(second, `[data-session=${name}][data-state=active]`);
  }
});

test("a device that slept refreshes before it calls", async () => {
  const refused = NAMES.map((name) => servers[name].resource.refused);
  await first.locator("#sleep").click();
  await shows(second, ".shade.asleep");
  for (const name of NAMES) {
    await callIsAnswered(first, name);
  }
  assert.deepEqual(
    NAMES.map((name) => servers[name].resource.refused),
    refused,
    "no call was made with a token that had run out",
  );
});

test("an access token that is refused early is refreshed, and the call is answered", async () => {
  await press(second, "goto", "reject");
  await until(async () => (await lastWords(second, "goto")).includes("refuses"));
  await callIsAnswered(second, "goto");
});

test("a lost reply is no failure, and an ended session has no time left", async () => {
  await press(second, "go1", "lose");
  // Whichever tab refreshes next has the reply that gets lost.
  const unsure = () =>
    Promise.all([first, second].map((tab) => tab.locator("[data-session=go1] .mark.unsure").count()));
  await until(async () => (await unsure()).some(Boolean), "no tab shows that the outcome is unknown");
  await press(second, "vault", "end");
  const isOver = "[data-session=vault]:is([data-state=session-ended], [data-state=signed-out])";
  await shows(second, isOver);
  assert.equal((await second.locator(`${isOver} .left`).innerText()).trim(), "");
  for (const name of ["go1", "vault"]) {
    await press(second, name, "logIn");
    await shows(second, `[data-session=${name}][data-state=active]`);
  }
});

test("no token and no error is in either page", async () => {
  const pictures = { light: "light", dark: "dark" };
  for (const [colorScheme, name] of Object.entries(pictures)) {
    await first.emulateMedia({ colorScheme });
    await picture(name, first);
  }
  await second.setViewportSize({ width: 375, height: 812 });
  await picture("phone", second);
  assert.deepEqual(await second.evaluate(brokenText), []);
  const scrolls = await second.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(scrolls, false, "no horizontal scrolling on a phone");

  for (const tab of [first, second]) {
    const html = await tab.content();
    const tokens = await tab.evaluate(() =>
      Object.entries(localStorage)
        .filter(([key]) => /:(go1|vault)$/.test(key))
        .flatMap(([, record]) => Object.values(JSON.parse(record).tokens)),
    );
    const secrets = tokens.filter((value) => typeof value === "string" && value.length > 20);
    assert.ok(secrets.length >= 4, "the records exist at the searched places");
    for (const secret of secrets)
      assert.ok(!html.includes(secret.slice(0, 8)), "a piece of a token is in the page");
  }
  // Chromium logs the requests that the tests above refused and lost.
  const ordered = /status of 40[01]|CONTENT_LENGTH_MISMATCH/;
  assert.deepEqual(
    complaints.filter((complaint) => !ordered.test(complaint)),
    [],
  );
});

test("the page's server answers loopback host names and its own page only", async () => {
  const url = new URL(served.url);
  assert.equal((await bare(url, { headers: { Host: "rebound.example" } })).status, 421);
  assert.equal((await bare(new URL("/session/go1/end", url), { method: "POST" })).status, 415);
  assert.equal((await bare(new URL("/session/go1/nothing", url))).status, 404);
  assert.equal((await bare(new URL("/package/..%2f..%2fpackage.json", url))).status, 404);
  assert.equal((await bare(new URL("/serve.mjs", url))).status, 404, "the server's own code is not served");
});

// --- helpers ----------------------------------------------------------------------------------------------------------

async function openTab() {
  const tab = hearPage(await context.newPage());
  tab.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  tab.on("pageerror", (error) => complaints.push(String(error)));
  await tab.goto(`${served.url}#four`);
  return tab;
}

/** The token requests of each session. */
function requestsOf() {
  const entries = sessionsOf(servers).filter(({ session }) => NAMES.includes(session.name));
  return Object.fromEntries(entries.map(({ session, requests }) => [session.name, requests()]));
}

const shows = (tab, selector) => tab.locator(selector).first().waitFor({ state: "attached" });
const press = (tab, name, action) => tab.locator(`[data-session=${name}] [data-do=${action}]`).click();
const figure = (tab, name, figure) =>
  tab.locator(`[data-session=${name}] [data-figure=${figure}]`).innerText();
const generation = (tab, name) => tab.locator(`[data-session=${name}]`).getAttribute("data-generation");
const lastWords = (tab, name) => tab.locator(`[data-session=${name}] .last`).innerText();

/** Runs in the page: finds texts that are broken, cut off or invisible. */
function brokenText() {
  const broken = [];
  const lines = (node) =>
    Math.round(node.getBoundingClientRect().height / parseFloat(getComputedStyle(node).lineHeight));
  for (const node of document.querySelectorAll(".figures > div, .legend li"))
    if (lines(node) > 1) broken.push(`wrapped: ${node.textContent.trim()}`);
  for (const node of document.querySelectorAll("button, .shade .label, h3, dd")) {
    if (node.scrollWidth > node.clientWidth + 1 && node.clientWidth)
      broken.push(`cut: ${node.textContent.trim()}`);
  }
  for (const axis of document.querySelectorAll(".axis")) {
    const edge = axis.parentElement.getBoundingClientRect();
    for (const label of axis.children) {
      const { left, right, width } = label.getBoundingClientRect();
      if (width && (left < edge.left || right > edge.right))
        broken.push(`over the edge: ${label.textContent}`);
    }
  }
  const rows = new Set([...document.querySelectorAll(".legend li")].map((item) => item.offsetTop));
  if (rows.size > 3) broken.push(`the legend takes ${rows.size} rows`);
  return broken;
}

/** By the log of the tab: the last words of a card are overwritten by the next refresh. */
async function callIsAnswered(tab, name) {
  const label = await tab.locator(`[data-session=${name}] h2`).innerText();
  const answers = tab.locator("#log li").filter({ hasText: `${label} the API answered 200` });
  const before = await answers.count();
  await press(tab, name, "call");
  await until(async () => (await answers.count()) > before, `${name} is not answered`);
}

async function until(isSo, otherwise = "it did not come about") {
  for (let waitedMs = 0; waitedMs < 8000; waitedMs += 50) {
    if (await isSo()) return;
    await delay(50);
  }
  assert.fail(otherwise);
}

async function picture(name, ...tabs) {
  const directory = process.env.SCREENSHOT_DIRECTORY;
  if (!directory) return;
  await mkdir(directory, { recursive: true });
  for (const [i, tab] of tabs.entries()) {
    const path = join(directory, tabs.length > 1 ? `${name}-${i + 1}.png` : `${name}.png`);
    await tab.screenshot({ path, fullPage: true });
  }
}

/** Not by fetch, which normalises the path and sets the Host header itself. */
function bare(url, { method = "GET", headers = {} } = {}) {
  return new Promise((answered, failed) => {
    const { hostname, port, pathname } = url;
    request({ hostname, port, path: pathname, method, headers }, (reply) => {
      reply.resume();
      answered({ status: reply.statusCode });
    })
      .on("error", failed)
      .end();
  });
}
