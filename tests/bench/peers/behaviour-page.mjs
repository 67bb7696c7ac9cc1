// One client in Chromium: each scenario in a page of its own, four lanes on origins of their own, since Web Locks and localStorage belong
// to an origin and a call that hangs holds its lock for ever.

import { createServer } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { FLAGS } from "./chromium.mjs";
import { isAble, Missed } from "./scenarios/judge.mjs";
import { SCENARIOS } from "./scenarios/index.mjs";
import { openTabs } from "./tabs.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const LANES = 4;
const LIMIT_MS = 90_000;

/** What okta's and badgateway's bundles ask of Node. */
const CRYPTO = `{"imports":{"crypto":"data:text/javascript,export default {}; export const webcrypto = crypto"}}`;
const PAGE = `<!doctype html><script type="importmap">${CRYPTO}</script><script type="module" src="/page.js"></script>`;

/** One for all clients: a page opens the one it is told. */
let bundle;

export async function playInPages(client, ids, executablePath) {
  const server = await served(await (bundle ??= bundled()));
  const profile = mkdtempSync(join(tmpdir(), "oauth-refresher-bench-"));
  const options = { executablePath, headless: true, args: FLAGS };
  const browser = await chromium.launchPersistentContext(profile, options);
  // The first function that is exposed prepares every page of the browser. If a lane closes one meanwhile, that fails for good.
  await browser.exposeFunction("prepared", () => {});
  const waiting = ids.map((id) => SCENARIOS.find((scenario) => scenario.id === id));
  const rows = [];
  const lane = async (_, number) => {
    const origin = `http://lane${number}.localhost:${server.port}`;
    while (waiting.length) rows.push(await row(browser, client, waiting.shift(), origin));
  };
  try {
    await Promise.all(Array.from({ length: LANES }, lane));
  } finally {
    await browser.close();
    server.close();
    rmSync(profile, { recursive: true, force: true });
  }
  return rows;
}

async function row(browser, client, scenario, origin) {
  const { id } = scenario;
  if (!isAble(client, scenario)) return { id, result: "none" };
  const limit = new Promise((resolve) =>
    setTimeout(resolve, LIMIT_MS, {
      id,
      result: "error",
      evidence: `no end in ${LIMIT_MS / 1000} s`,
    }).unref(),
  );
  const played = () => (scenario.inTabs ? inTabs : inPage)(browser, client, scenario, origin);
  const failed = (error) => ({ id, result: "error", evidence: error.message.slice(0, 300) });
  // what is thrown here is of the browser, not of the client: a page that was lost is opened once more
  return Promise.race([played().catch(played).catch(failed), limit]);
}

async function inPage(browser, { name }, { id }, origin) {
  const page = await browser.newPage();
  try {
    await page.goto(origin);
    await page.waitForFunction(() => globalThis.playScenario, null, { timeout: 60_000 });
    await page.evaluate(() => localStorage.clear());
    return await page.evaluate(([client, scenario]) => globalThis.playScenario(client, scenario), [name, id]);
  } finally {
    await page.close();
  }
}

async function inTabs(browser, client, scenario, origin) {
  const { tabs, server, close } = await openTabs(browser, client, origin);
  try {
    return { id: scenario.id, result: "pass", evidence: (await scenario.play(tabs, server)) ?? "" };
  } catch (error) {
    if (error instanceof Missed) return { id: scenario.id, result: "fail", evidence: error.message };
    throw error;
  } finally {
    await close();
  }
}

async function bundled() {
  const { outputFiles } = await build({
    entryPoints: [join(HERE, "in-page.mjs")],
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
    external: ["crypto"],
    define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
    logLevel: "error",
  });
  return outputFiles[0].text;
}

async function served(script) {
  const server = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.writeHead(200, { "Content-Type": isScript ? "text/javascript" : "text/html" });
    response.end(isScript ? script : PAGE);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { port: server.address().port, close };
}
