// From the start of a navigation to the first token, in Chromium: one tab, a new document each time, ES modules from loopback. Prints JSON.
// `node start-page.mjs ROUNDS SECONDS [condition …]`

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { CONDITIONS, OPEN_DATABASE, PAGES } from "./start-pages.mjs";
import { startServer } from "./start-server.mjs";
import { RENEWED, sessions, STORED } from "./start-sessions.mjs";
import { alternating, figure } from "./statistics.mjs";
import { FLAGS } from "./chromium.mjs";

const rounds = Number(process.argv[2] ?? 25);
const seconds = Number(process.argv[3] ?? 300);
const named = process.argv.slice(4);
const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROUNDS_ON_A_SLOW_NETWORK = 9;
const LIMIT_MS = 20_000;
const FAST = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
/** Bytes a second, after the tenth that headers take. */
const SLOW = { offline: false, latency: 562, downloadThroughput: 188_744, uploadThroughput: 86_400 };

const folder = mkdtempSync(join(tmpdir(), "oauth-refresher-bench-"));
const profile = mkdtempSync(join(tmpdir(), "oauth-refresher-bench-"));
for (const [name, code] of Object.entries(PAGES)) await bundle(name, code);
const server = await startServer(folder);
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  headless: true,
  args: [...FLAGS, "--disable-features=BackForwardCache"],
});
const page = await browser.newPage();
const devtools = await browser.newCDPSession(page);
const results = {};
try {
  await devtools.send("Network.enable");
  const wanted = CONDITIONS.filter(({ id }) => named.length === 0 || named.includes(id));
  const end = Date.now() + seconds * 1000;
  for (const [at, condition] of wanted.entries()) {
    const share = (end - Date.now()) / (wanted.length - at);
    console.error(
      `a fresh page: ${condition.id}, ${condition.pages.length} pages, ${Math.round(share / 1000)} s at most`,
    );
    results[condition.id] = await measured(condition, Date.now() + share);
  }
} finally {
  await browser.close();
  await server.close();
  for (const temporary of [folder, profile]) rmSync(temporary, { recursive: true, force: true });
}
console.log(JSON.stringify(results));

async function measured(condition, until) {
  const pages = Object.fromEntries(condition.pages.map((name) => [name, name]));
  const times = await alternating(
    pages,
    condition.slow ? Math.min(rounds, ROUNDS_ON_A_SLOW_NETWORK) : rounds,
    (name) => navigation(name, condition),
    // V8 keeps the code of a script from its third load on
    { warmUp: condition.cache === "warm" ? 3 : 1, until },
  );
  return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, figure(values)]));
}

/** Milliseconds from the start of the navigation to the token. */
async function navigation(name, { kind, state, cache, slow }) {
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: 1 });
  await devtools.send("Network.emulateNetworkConditions", FAST);
  await page.goto(`${server.origin}/empty`);
  await page.evaluate(seed, [await sessions(server.origin, state === "fresh"), server.origin, OPEN_DATABASE]);
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: cache === "cold" });
  if (slow) {
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    await devtools.send("Network.emulateNetworkConditions", SLOW);
  }
  await page.goto(`${server.origin}/${pathOf(name)}/?kind=${kind}`, { waitUntil: "commit" });
  await page.waitForFunction(() => globalThis.outcome, null, { timeout: LIMIT_MS, polling: 20 });
  const { at, token } = await page.evaluate(() => globalThis.outcome);
  const expected = state === "fresh" || name === "an empty page" ? STORED : RENEWED;
  if (token !== expected) throw new Error(`${name}, ${state}: the token is ${token}`);
  return at;
}

/** In the page. */
async function seed([stored, origin, open]) {
  localStorage.clear();
  localStorage.setItem("session", JSON.stringify(stored.ours));
  localStorage.setItem("plain", JSON.stringify(stored.plain));
  localStorage.setItem("supabase", JSON.stringify(stored.supabase));
  localStorage.setItem(`oidc.user:${origin}:app`, JSON.stringify(stored.oidc));
  const opened = new Function(`${open} return opened;`)();
  for (const [name, record] of Object.entries({ session: stored.ours, plain: stored.plain })) {
    const database = await opened(name);
    await new Promise((resolve, reject) => {
      const transaction = database.transaction("sessions", "readwrite");
      transaction.objectStore("sessions").put(record, "session");
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    database.close();
  }
}

async function bundle(name, code) {
  const outdir = join(folder, pathOf(name));
  const done = "function done(token) { globalThis.outcome = { at: performance.now(), token }; }";
  await build({
    stdin: { contents: `${code}\n${done}`, resolveDir: HERE },
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    target: "es2022",
    outdir,
    entryNames: "main",
    chunkNames: "chunk-[hash]",
  });
  const scripts = readdirSync(outdir);
  for (const script of scripts)
    writeFileSync(join(outdir, `${script}.br`), brotliCompressSync(readFileSync(join(outdir, script))));
  const chunks = scripts.filter((script) => script !== "main.js");
  const links = chunks.map((chunk) => `<link rel="modulepreload" href="./${chunk}">`).join("");
  writeFileSync(
    join(outdir, "index.html"),
    `<!doctype html><meta charset="utf-8"><title>x</title>${name.includes("preload") ? links : ""}<script type="module" src="./main.js"></script>`,
  );
}

function pathOf(name) {
  return name.replace(/[^a-z0-9]+/gi, "-");
}
