// What a host costs and saves beside createRefresher in the page, in Chromium, with the packed package and IndexedDB: page load to a token,
// main-thread time of a refresh, latency of a call. The kinds alternate, and the figures are medians (least – most).
//
//   node tests/bench/hosts.mjs [rounds]

import { createServer } from "node:http";
import { build } from "esbuild";
import puppeteer from "puppeteer-core";

const KINDS = ["page", "shared", "service"];
const REFRESHES = 50;
const CALLS = 500;
const FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
const rounds = Number(process.argv[2] ?? 9);

const scripts = await bundled();
const server = await served(scripts);
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  headless: true,
  args: FLAGS,
});
const times = {};
try {
  for (let round = 0; round <= rounds; round++) for (const kind of KINDS) await measured(kind, round > 0); // the first round warms up
} finally {
  await browser.close();
  server.close();
}
for (const [name, kinds] of Object.entries(times))
  for (const [kind, values] of Object.entries(kinds)) console.log(`${name}, ${kind}: ${shown(values)}`);

/** A profile of its own. A second tab keeps the SharedWorker alive, as with an application in several tabs. */
async function measured(kind, counts) {
  const context = await browser.createBrowserContext();
  try {
    const note = (name, ms) => counts && ((times[name] ??= {})[kind] ??= []).push(ms);
    const other = await opened(context, kind);
    await other.evaluate(() => inPage.login(3600));
    const page = await opened(context, kind);
    note("load to a token that is fresh, ms", await page.evaluate(() => inPage.token()));
    note("a call that needs no message, µs", 1000 * (await page.evaluate((n) => inPage.calls(n), CALLS)));
    note(
      "a call with a wish of its own, µs",
      1000 * (await page.evaluate((n) => inPage.calls(n, { minValiditySeconds: 5 }), CALLS)),
    );
    const before = await page.metrics();
    await page.evaluate((n) => inPage.refreshes(n), REFRESHES);
    const after = await page.metrics();
    note("main thread of a refresh, ms", (1000 * (after.TaskDuration - before.TaskDuration)) / REFRESHES);
    await page.evaluate(() => inPage.login(1));
    await page.close();
    await new Promise((resolve) => setTimeout(resolve, 1200));
    const late = await opened(context, kind);
    note("load to a token after a refresh, ms", await late.evaluate(() => inPage.token()));
  } finally {
    await context.close();
  }
}

async function opened(context, kind) {
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(String(error)));
  await page.goto(server.page(kind));
  await page.waitForFunction("window.inPage");
  return page;
}

async function bundled() {
  const options = `{ token_endpoint: location.origin + "/token", client_id: "bench", background: "never",
    storage: indexedDbStorage("session") }`;
  const page = (connected, imports) => `${imports}
    const refresher = ${connected};
    const started = refresher.getAccessToken().then(() => performance.now(), () => NaN);
    const each = async (count, work) => {
      const begun = performance.now();
      for (let i = 0; i < count; i++) await work();
      return (performance.now() - begun) / count;
    };
    window.inPage = {
      login: (expires_in) => refresher.setTokens({ access_token: "a".repeat(800), refresh_token: "r", expires_in }),
      token: () => started,
      calls: (count, wish) => each(count, () => refresher.getTokens(wish)),
      refreshes: (count) => each(count, () => refresher.refresh()),
    };`;
  const client = `import { connectRefresher } from "oauth-refresher/client";`;
  const storage = `import { indexedDbStorage } from "oauth-refresher/storage";`;
  const sources = {
    page: page(
      `createRefresher(${options})`,
      `import { createRefresher } from "oauth-refresher"; ${storage}`,
    ),
    shared: page(`connectRefresher(() => new SharedWorker("/host.js", { type: "module" }))`, client),
    service: page(
      `connectRefresher((await navigator.serviceWorker.register("/host.js", { type: "module" }), await navigator.serviceWorker.ready))`,
      client,
    ),
    host: `import { hostRefresher } from "oauth-refresher/host"; ${storage} hostRefresher(${options});`,
  };
  const resolveDir = new URL("..", import.meta.url).pathname;
  const files = {};
  for (const [name, contents] of Object.entries(sources)) {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir, sourcefile: `${name}.js` },
      bundle: true,
      minify: true,
      splitting: name === "page",
      format: "esm",
      conditions: ["browser"],
      outdir: "/",
      entryNames: name,
      write: false,
    });
    for (const { path, text } of outputFiles) files[path] = text;
  }
  return files;
}

async function served(files) {
  let count = 0;
  const http = createServer((req, res) => {
    const { pathname } = new URL(req.url, "http://loopback");
    const [, kind] = /^\/in-(\w+)$/.exec(pathname) ?? [];
    const reply = {
      access_token: `${++count}${"a".repeat(800)}`,
      refresh_token: `r${count}`,
      expires_in: 3600,
    };
    const [type, body] = kind
      ? ["text/html", `<!doctype html><script type="module" src="/${kind}.js"></script>`]
      : pathname === "/token"
        ? ["application/json", JSON.stringify({ ...reply, token_type: "Bearer" })]
        : ["text/javascript", files[pathname] ?? ""];
    res.writeHead(200, { "Content-Type": type }).end(body);
  });
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    page: (kind) => `http://127.0.0.1:${http.address().port}/in-${kind}`,
    close: () => (http.close(), http.closeAllConnections()),
  };
}

function shown(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part) => sorted[Math.floor((sorted.length - 1) * part)].toFixed(1);
  return `${at(0.5)} (${at(0)} – ${at(1)})`;
}
