// The time from `import` to the first token request, and the cost of getAccessToken() while the token is fresh.
//   node tests/bench/start.mjs [repetitions]
// Measures the packed package in tests/node_modules. Not run by the tests, because a busy machine distorts the figures.

import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { createRefresher } from "oauth-refresher";
import { startPages } from "../browser/page-server.mjs";

const REPETITIONS = Number(process.argv[2] ?? 30);
const HERE = fileURLToPath(new URL(".", import.meta.url));
const FLAGS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

/** Runs in a fresh process and in a fresh page: milliseconds until the request is handed to fetch. */
async function untilFirstRequest(specifier) {
  const started = performance.now();
  const { createRefresher } = await import(specifier);
  const imported = performance.now();
  let left;
  const fetch = async () => {
    left = performance.now();
    return new Response('{"access_token":"a","token_type":"Bearer","expires_in":3600}');
  };
  const tokens = { refresh_token: "r" };
  await createRefresher({ token_endpoint: "https://auth.example/token", fetch, tokens }).getAccessToken();
  return { import: imported - started, request: left - started, token: performance.now() - started };
}

console.log(`median (least – most) of ${REPETITIONS}, in ms`);
report("Node, fresh process", await repeated(inProcess));
await inPages();
await whileFresh();

function inProcess() {
  const script = `console.log(JSON.stringify(await (${untilFirstRequest})("oauth-refresher")))`;
  const said = execFileSync(process.execPath, ["--input-type=module", "--eval", script], { cwd: HERE });
  return JSON.parse(said);
}

async function inPages() {
  const pages = await startPages([]);
  const bundle = await startBundle();
  const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, headless: true, args: FLAGS.split(" ") });
  const fresh = (url, specifier) => async () => {
    const context = await browser.newContext(); // with its own, empty cache
    const page = await context.newPage();
    await page.goto(url);
    const figures = await page.evaluate(`(${untilFirstRequest})(${JSON.stringify(specifier)})`);
    await context.close();
    return figures;
  };
  report(
    "Chromium, fresh page, the modules as they are",
    await repeated(fresh(`${pages.url}bare`, "oauth-refresher")),
  );
  report("Chromium, fresh page, one minified bundle", await repeated(fresh(bundle.url, "/bundle.js")));
  await browser.close();
  await pages.close();
  await bundle.close();
}

async function startBundle() {
  const { outputFiles } = await build({
    stdin: { contents: 'export * from "oauth-refresher"', resolveDir: HERE },
    bundle: true,
    format: "esm",
    minify: true,
    write: false,
  });
  const server = createServer((req, res) => {
    const isScript = req.url === "/bundle.js";
    res.writeHead(200, { "Content-Type": isScript ? "text/javascript" : "text/html" });
    res.end(isScript ? outputFiles[0].contents : "<!doctype html><title>Bundle</title>");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}

/** The difference to an empty async function. */
async function whileFresh() {
  const refresher = createRefresher({ token_endpoint: "https://auth.example/token" });
  await refresher.setTokens({ access_token: "a", token_type: "Bearer", expires_in: 3600 });
  const nothing = async () => "a";
  const batches = { "getAccessToken()": [], "an async function that does nothing": [] };
  for (let batch = 0; batch < 200; batch++) {
    batches["getAccessToken()"].push(await nanosecondsPerCall(() => refresher.getAccessToken()));
    batches["an async function that does nothing"].push(await nanosecondsPerCall(nothing));
  }
  console.log(
    "\nwhile the token is fresh, Node, median (least – most) of 200 batches of 5000 awaited calls, in ns",
  );
  for (const [name, figures] of Object.entries(batches))
    console.log(`  ${name.padEnd(36)} ${shown(figures, 0)}`);
}

async function nanosecondsPerCall(call) {
  const calls = 5000;
  const started = process.hrtime.bigint();
  for (let i = 0; i < calls; i++) await call();
  return Number(process.hrtime.bigint() - started) / calls;
}

async function repeated(measure) {
  await measure(); // the first run reads the files from the disk
  const all = [];
  for (let i = 0; i < REPETITIONS; i++) all.push(await measure());
  return all;
}

function report(title, all) {
  console.log(`\n${title}`);
  const names = {
    import: "imported",
    request: "first token request leaves",
    token: "the caller has the token",
  };
  for (const [name, text] of Object.entries(names))
    console.log(`  ${text.padEnd(36)} ${shown(all.map((figures) => figures[name]))}`);
}

function shown(figures, digits = 1) {
  const sorted = figures.toSorted((a, b) => a - b);
  const [median, least, most] = [sorted[sorted.length >> 1], sorted[0], sorted.at(-1)].map((figure) =>
    figure.toFixed(digits),
  );
  return `${median} (${least} – ${most})`;
}
