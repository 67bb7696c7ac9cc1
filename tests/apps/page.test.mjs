// The page in Rust (Yew, examples/apps/page) in Chromium against oidc-provider, sharing its session with the npm package.

import "../leaks/listener.mjs";
import { hearPage } from "../leaks/pages.mjs";
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { chromium } from "playwright-core";
import { startOidc } from "../servers/index.mjs";
import { startPages } from "./page-server.mjs";

const FLAGS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

let oidc, pages, browser, context;
/** Unexpected console output, and the pattern of the expected output. */
let complaints, expected;

before(async () => {
  oidc = await startOidc();
  const { token_endpoint, revocation_endpoint, clients, resource } = oidc;
  const api = resource.url;
  const options = { token_endpoint, revocation_endpoint, ...clients.none, origins: [new URL(api).origin] };
  pages = await startPages({ options, api });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    headless: true,
    args: FLAGS.split(" "),
  });
});
after(async () => {
  await browser?.close();
  await pages?.close();
  await oidc?.close();
});
beforeEach(async () => {
  oidc.requests.length = 0;
  [complaints, expected] = [[], undefined];
  context = await browser.newContext();
  context.setDefaultTimeout(10_000);
});
afterEach(async () => {
  await context.close();
  assert.deepEqual(complaints, [], "nothing is said in the console");
});

test("a page in Rust logs in, refreshes, calls an API and signs out", async () => {
  const tab = await open();
  await logIn(tab, await oidc.mint("none"));
  await does(tab, "call", "the API says 200");
  const [before] = await shown(tab);
  await does(tab, "refresh", "refreshed");
  await until(tab, ([token]) => token !== before);
  await does(tab, "call", "the API says 200");
  await does(tab, "sign-out", "signed out");
  assert.equal((await shown(tab))[0], "none");
  assert.equal(await tab.getAttribute("main", "data-state"), "signed-out");
  assert.deepEqual(outcomes(), ["granted 1"]);
});

test("an API that refuses the token gets a new one, once", async () => {
  const tab = await open();
  await logIn(tab, await oidc.mint("none"));
  oidc.rejectAccessTokens();
  expected = /401/; // Chromium logs each 401
  await does(tab, "call", "the API says 200");
  assert.deepEqual(outcomes(), ["granted 1"]);
});

test("a tab that is opened later has the session and gets every event", async () => {
  const first = await open();
  await logIn(first, await ranOut());
  await does(first, "refresh", "refreshed");
  const second = await open();
  const same = async () => assert.equal((await shown(second))[0], (await shown(first))[0]);
  await until(second, ([token]) => token !== "none");
  await same();
  await does(second, "refresh", "refreshed");
  const [token] = await shown(second);
  await until(first, ([held]) => held === token);
  assert.ok(oidc.requests.every(({ outcome }) => outcome === "granted"));
});

test("a session that the server ended has ended in every tab", async () => {
  const tabs = [await open(), await open()];
  await logIn(tabs[0], await oidc.mint("none"));
  await until(tabs[1], ([token]) => token !== "none");
  oidc.endSessions();
  expected = /400/;
  const ended = () => document.querySelector("#answer").textContent.startsWith("session_ended");
  for (const tab of tabs) {
    await tab.click("#refresh");
    await tab.waitForFunction(ended);
  }
  assert.equal(await tabs[0].getAttribute("main", "data-state"), "session-ended");
  assert.deepEqual(outcomes(), ["refused 1"]);
});

test("the npm package and the crate take turns on one session and read each other's records", async () => {
  const rust = await open();
  const javascript = await openPackage();
  await logIn(rust, await ranOut());
  await does(rust, "refresh", "refreshed");
  for (let turn = 0; turn < 4; turn++) {
    const [token, generation] = await shown(rust);
    const theirs = await javascript.evaluate(() => refreshed());
    assert.ok(theirs.generation > Number(generation), "its record comes after ours");
    assert.notEqual(theirs.end, token);
    await until(rust, ([held]) => held === theirs.end);
    await does(rust, "refresh", "refreshed");
    const [ours] = await shown(rust);
    assert.notEqual(ours, theirs.end);
    assert.equal(await javascript.evaluate(() => heard()), ours);
  }
  const record = await javascript.evaluate(() => stored());
  assert.deepEqual(Object.keys(record).sort(), [
    "format",
    "fresh",
    "generation",
    "obtained_at",
    "owner",
    "session",
    "tokens",
  ]);
  assert.ok(
    oidc.requests.length >= 9 && oidc.requests.every(({ outcome }) => outcome === "granted"),
    outcomes(),
  );
});

test("the npm package and the crate, called at once, send one request", async () => {
  const rust = await open();
  const javascript = await openPackage();
  await logIn(rust, await oidc.mint("none"));
  await javascript.evaluate(() => heard());
  const [token] = await shown(rust);
  await Promise.all([rust.click("#refresh"), javascript.evaluate(() => refreshed())]);
  await until(rust, ([held]) => held !== token);
  await rust.waitForFunction(() => document.querySelector("#answer").textContent === "refreshed");
  assert.equal(await javascript.evaluate(() => heard()), (await shown(rust))[0]);
  assert.ok(
    oidc.requests.every(({ outcome }) => outcome === "granted"),
    outcomes(),
  );
});

/** A login whose access token has expired. */
const ranOut = async () => ({ ...(await oidc.mint("none")), expires_in: undefined, expires_at: 1 });

const outcomes = () =>
  oidc.requests.map(({ outcome, refreshTokenNumber }) => `${outcome} ${refreshTokenNumber}`);

async function openTab(path) {
  const tab = await context.newPage();
  hearPage(tab);
  tab.on("console", (message) => {
    if (message.type() === "error" && !expected?.test(message.text())) complaints.push(message.text());
  });
  tab.on("pageerror", (error) => complaints.push(String(error)));
  await tab.goto(pages.url + path);
  return tab;
}

async function open() {
  const tab = await openTab("");
  await tab.waitForSelector("main");
  return tab;
}

/** The npm package on the database of the page in Rust. */
async function openPackage() {
  const tab = await openTab("package");
  const { token_endpoint, clients } = oidc;
  await tab.evaluate(
    async (options) => {
      const { createRefresher } = await import("oauth-refresher");
      const { indexedDbStorage } = await import("oauth-refresher/storage");
      const storage = indexedDbStorage("session");
      const refresher = createRefresher({ ...options, storage, background: "never" });
      const end = (token) => [...token].reverse().slice(0, 6).join("");
      Object.assign(globalThis, {
        stored: async () => ({ ...(await storage.load()), tokens: {} }),
        heard: async () => {
          await new Promise((done) => setTimeout(done, 200));
          return end((await refresher.getTokens()).access_token);
        },
        refreshed: async () => {
          const { access_token } = await refresher.refresh();
          return { end: end(access_token), generation: (await storage.load()).generation };
        },
      });
    },
    { token_endpoint, ...clients.none },
  );
  return tab;
}

async function logIn(tab, tokens) {
  await tab.fill("#login", JSON.stringify(tokens));
  await does(tab, "log-in", "logged in");
  await until(tab, ([token]) => token !== "none");
}

async function does(tab, button, answer) {
  await tab.click(`#${button}`);
  await tab.waitForFunction((answer) => document.querySelector("#answer").textContent === answer, answer);
}

/** The last characters of the token, the generation, the last event. */
const shown = (tab) =>
  tab.evaluate(() => ["token", "generation", "told"].map((id) => document.getElementById(id).textContent));

async function until(tab, holds) {
  for (let tries = 0; tries < 100; tries++) {
    if (holds(await shown(tab))) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`the page shows ${await shown(tab)}`);
}
