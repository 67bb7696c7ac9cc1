// The recipes of docs/fetch.md for React, WebSocket and event streams, unchanged, in a Chromium page whose API is on another origin.

import "../leaks/listener.mjs";
import { hearPage } from "../leaks/pages.mjs";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { listen } from "../servers/wire.mjs";
import { startApi } from "./api.mjs";
import { startChat } from "./chat.mjs";
import { openRecipes } from "./recipes.mjs";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
];

let api, chat, pages, browser, page;
let complaints = [];
let slow;

before(async () => {
  api = await startApi({
    "GET /me": () => ({ name: "Ada" }),
    "GET /slow": () => slow,
    "GET /events": eventStream,
  });
  chat = startChat(api);
  pages = await startPages();
  const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, headless: true, args: FLAGS });
});
after(async () => {
  await browser?.close();
  await Promise.all([api?.close(), pages?.close()]);
});
beforeEach(async () => {
  complaints = [];
  page = hearPage(await browser.newPage());
  page.setDefaultTimeout(10_000);
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(pages.origin);
  await page.evaluate((tokens) => inPage.refresher.setTokens(tokens), api.login());
  api.next.statuses = [];
  api.calls.length = api.refreshes.length = chat.connections.length = 0;
});
afterEach(() => page.close());

test("use-json: mounted twice by StrictMode with a token that died, it refreshes once and shows the reply", async () => {
  api.kill();
  await show("/me");
  await shows('signed in; {"name":"Ada"}');
  assert.equal(api.refreshes.length, 1);
  assert.equal(
    api.calls.filter(({ status }) => status === 200).length,
    1,
    "the request that was left is not sent again",
  );
  assert.deepEqual(complaintsOfReact(), []);
});

test("use-json: a stale reply is not shown", async () => {
  let answer;
  slow = new Promise((resolve) => (answer = resolve));
  await show("/slow");
  await until(() => api.calls.length >= 1);
  await show("/me");
  await shows('signed in; {"name":"Ada"}');
  answer({ name: "too late" });
  await delay(100);
  await shows('signed in; {"name":"Ada"}');
  assert.deepEqual(complaintsOfReact(), []);
});

test("use-json: a response that is not ok is an error", async () => {
  // More than the two of StrictMode: Chromium may send a request anew whose connection was closed meanwhile.
  api.next.statuses = Array(10).fill(500);
  await show("/me");
  await shows("signed in; 500");
});

test("use-json: a sign-out is shown, the RefreshError is the error, and a login is shown", async () => {
  await show("/me");
  await shows('signed in; {"name":"Ada"}');
  await page.evaluate(() => inPage.refresher.signOut());
  await shows('signed out; {"name":"Ada"}');
  await show("/me?again");
  await shows("signed out; signed_out");
  await page.evaluate((tokens) => void inPage.refresher.setTokens(tokens), api.login());
  await shows("signed in; signed_out");
  await show("/me?and-again");
  await shows('signed in; {"name":"Ada"}');
  assert.deepEqual(complaintsOfReact(), []);
});

test("web-socket: refused, changed and cut connections come back, with one refresh for the refused token", async () => {
  await page.evaluate((url) => inPage.listen("socket", url), chat.url);
  await hears("welcome 1");
  api.kill();
  chat.closeAll(4401);
  await hears("welcome 2");
  assert.equal(api.refreshes.length, 1);
  await page.evaluate(() => inPage.refresher.refresh());
  await hears("welcome 3");
  chat.breakAll();
  await hears("welcome 4");
  assert.equal(api.refreshes.length, 2);
  assert.ok(
    chat.connections.every(({ request }) => request.url === "/chat"),
    "no token in a URL",
  );
});

test("server-events: a stream from another origin goes on where it stopped, after one refresh", async () => {
  await page.evaluate((url) => inPage.listen("events", url), `${api.origin}/events`);
  await hears("message: number 1");
  api.kill();
  await until(() => api.refreshes.length === 1);
  const refused = api.calls.findIndex(({ status }) => status === 401);
  const [{ headers }] = api.calls.slice(refused);
  await hears(`message: number ${Number(headers["last-event-id"]) + 1}`);
  const again = api.calls[refused + 1];
  assert.deepEqual([again.status, again.headers["last-event-id"]], [200, headers["last-event-id"]]);
  assert.equal(api.refreshes.length, 1);
  await page.evaluate(() => inPage.leave());
});

const show = (path) => page.evaluate((url) => inPage.show(url), api.origin + path);

const shows = (text) =>
  page.waitForFunction((text) => document.querySelector("main").textContent === text, text);

const hears = (message) => page.waitForFunction((message) => inPage.heard.includes(message), message);

/** Chromium logs each 401. */
const complaintsOfReact = () =>
  complaints.filter((text) => !/Failed to load resource|React DevTools/.test(text));

function eventStream({ headers }, res) {
  const number = Number(headers["last-event-id"] ?? 0) + 1;
  res.writeHead(200, { "Content-Type": "text/event-stream", "Access-Control-Allow-Origin": "*" });
  res.end(`retry: 50\nid: ${number}\ndata: number ${number}\n\n`);
}

async function startPages() {
  const recipes = await openRecipes({
    "https://auth.example": api.origin,
    "https://api.example": api.origin,
  });
  const contents = await readFile(fileURLToPath(new URL("in-page.mjs", import.meta.url)), "utf8");
  const bundled = await build({
    stdin: { contents, resolveDir: recipes.folder },
    bundle: true,
    format: "esm",
    write: false,
    define: { "process.env.NODE_ENV": '"development"' }, // in which StrictMode mounts twice
  }).finally(recipes.remove);
  const [{ text }] = bundled.outputFiles;
  return listen((req, res) => {
    const isScript = req.url === "/page.js";
    res.setHeader("Content-Type", isScript ? "text/javascript; charset=utf-8" : "text/html; charset=utf-8");
    res.end(
      isScript
        ? text
        : '<!doctype html><title>Recipes</title><main></main><script type="module" src="/page.js"></script>',
    );
  });
}

async function until(isSo) {
  for (let tries = 0; !isSo(); tries++) {
    assert.ok(tries < 1000, `timed out waiting for: ${isSo}`);
    await delay(5);
  }
}
