// How a fixture runs: in a page of Chromium, in a program, in a server that is asked, in workerd. Each answers what was reported.

import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Miniflare } from "miniflare";
import puppeteer from "puppeteer-core";
import { run, started, TARBALL } from "./project.mjs";

const REPORT_LIMIT_MS = 60_000;
const START_LIMIT_MS = 120_000;
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
];

/**
 * A page that the loopback server serves. `script` is its only one; or `html` is the whole page. `served` is the folder of its files.
 * @type {(page: { script?: string, html?: string, isClassic?: boolean, served?: string, headers?: Record<string, string>, open?: string }) => Place}
 */
export const page =
  ({ script, html, isClassic = false, served = "dist", headers = {}, open = "/index.html" }) =>
  async ({ project, server }) => {
    const type = isClassic ? "" : ` type="module"`;
    const pages =
      script || html ? { [open]: html ?? `<!doctype html><script${type} src="${script}"></script>` } : {};
    Object.assign(server.site, { folder: join(project.folder, served), headers, pages });
    return inChromium(server.base + open, server);
  };

/** A program that reports. */
export const program =
  (command) =>
  async ({ project, server }) =>
    reported(server, run(command, { ...project, limitMs: REPORT_LIMIT_MS }));

/** A program that can reach no server: its last line is the outcome. */
export const printing =
  (command) =>
  async ({ project }) => {
    const said = await run(command, { ...project, limitMs: REPORT_LIMIT_MS });
    return judged(said.trim().split("\n").at(-1));
  };

/** A program that takes the package from a registry, which the loopback server is. It keeps nothing from an earlier run. */
export const registry =
  (command) =>
  async ({ project, server }) => {
    const tarball = await readFile(TARBALL);
    const { name, version, exports } = JSON.parse(
      await readFile(join(project.folder, "node_modules/oauth-refresher/package.json"), "utf8"),
    );
    const dist = {
      tarball: `${server.base}/oauth-refresher.tgz`,
      integrity: `sha512-${createHash("sha512").update(tarball).digest("base64")}`,
    };
    const versions = { [version]: { name, version, exports, dist } };
    server.site.pages = {
      "/oauth-refresher": JSON.stringify({ name, "dist-tags": { latest: version }, versions }),
      "/oauth-refresher.tgz": tarball,
    };
    const cache = join(project.folder, ".cache");
    await rm(cache, { recursive: true, force: true });
    const env = { ...project.env, NPM_CONFIG_REGISTRY: server.base, DENO_DIR: cache };
    return reported(server, run(command, { ...project, env, limitMs: REPORT_LIMIT_MS }));
  };

/** A server of the tool: `opens` are pages of it for Chromium, `asks` are paths of it that answer with the outcome. */
export const served =
  (command, { opens = {}, asks = {} }) =>
  async ({ project, server }) => {
    const port = await freePort();
    const at = `http://127.0.0.1:${port}`;
    const program = started(command, {
      ...project,
      env: { ...project.env, PORT: String(port), HOST: "127.0.0.1" },
    });
    try {
      await answers(at, program);
      const outcome = {};
      for (const [name, path] of Object.entries(asks)) outcome[name] = await asked(at + path);
      for (const [name, path] of Object.entries(opens)) outcome[name] = await inChromium(at + path, server);
      return flat(outcome);
    } catch (error) {
      throw new Error(`${error.message}\n${program.said()}`);
    } finally {
      await program.end();
    }
  };

/** A Worker as its tool built it, in workerd. */
export const workerd =
  (script, { modules = ["**/*.wasm"] } = {}) =>
  async ({ project }) => {
    const worker = new Miniflare({
      scriptPath: join(project.folder, script),
      rootPath: project.folder,
      modules: true,
      modulesRules: [
        { type: "ESModule", include: ["**/*.js", "**/*.mjs"] },
        { type: "CompiledWasm", include: modules },
      ],
      compatibilityDate: "2026-07-01",
      compatibilityFlags: ["nodejs_compat"],
    });
    try {
      const response = await worker.dispatchFetch("http://worker.example/");
      return judged(await response.text());
    } finally {
      await worker.dispose();
    }
  };

/** An extension of Chromium: its background worker reports. */
export const extension =
  (folder) =>
  async ({ project, server }) => {
    const browser = await launched({ pipe: true, enableExtensions: [join(project.folder, folder)] });
    try {
      return await reported(server);
    } finally {
      await browser.close();
    }
  };

/** A command that must fail, and the words that a user sees. */
export const refused =
  (command, words) =>
  async ({ project }) => {
    const said = await run(command, project).then(
      (text) => `it passed: ${text}`,
      ({ message }) => message,
    );
    const [seen] = words.exec(said) ?? [];
    return { "oauth-refresher": seen ? `refused: ${seen}` : `failed: ${said}` };
  };

let chromium;

async function inChromium(url, server) {
  chromium ??= launched({});
  const browser = await chromium;
  const context = await browser.createBrowserContext();
  const heard = [];
  try {
    const page = await context.newPage();
    page.on("console", (message) => heard.push(message.text()));
    page.on("pageerror", (error) => heard.push(String(error)));
    page.on("requestfailed", (request) => heard.push(`${request.url()}: ${request.failure()?.errorText}`));
    page.on("response", (response) => response.ok() || heard.push(`${response.status()} ${response.url()}`));
    const report = reported(server);
    report.catch(() => {});
    await page.goto(url, { waitUntil: "domcontentloaded" });
    return await report;
  } catch (error) {
    throw new Error(`${error.message}\n${heard.join("\n").slice(-4000)}`);
  } finally {
    await context.close();
  }
}

export async function closeChromium() {
  await (await chromium)?.close();
}

function launched(options) {
  const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
  return puppeteer.launch({ executablePath, headless: true, args: FLAGS, ...options });
}

/** The next report; `work` is what brings it. */
async function reported(server, work = new Promise(() => {})) {
  const limit = new AbortController();
  const tooLate = delay(REPORT_LIMIT_MS, undefined, { signal: limit.signal }).then(() => {
    throw new Error(`no report within ${REPORT_LIMIT_MS / 1000} s`);
  });
  tooLate.catch(() => {});
  try {
    const ended = work.then((said) =>
      delay(2000).then(() => Promise.reject(new Error(`ended without a report: ${said}`))),
    );
    ended.catch(() => {});
    return await Promise.race([server.report(), ended, tooLate]);
  } finally {
    limit.abort();
  }
}

async function asked(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(REPORT_LIMIT_MS) });
  return judged(await response.text());
}

function judged(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`no outcome, but ${text.slice(0, 3000)}`);
  }
}

/** With one kind of asking, its name says nothing. */
function flat(outcomes) {
  const entries = Object.entries(outcomes);
  if (entries.length === 1) return entries[0][1];
  return Object.fromEntries(
    entries.flatMap(([name, outcome]) =>
      Object.entries(outcome).map(([subPath, word]) => [`${name}: ${subPath}`, word]),
    ),
  );
}

async function answers(url, program) {
  const until = Date.now() + START_LIMIT_MS;
  let ended = false;
  void program.ended.then(() => (ended = true));
  while (Date.now() < until && !ended) {
    const response = await fetch(url, { signal: AbortSignal.timeout(20_000) }).catch(() => undefined);
    if (response) return response.body?.cancel();
    await delay(300);
  }
  throw new Error(ended ? "the server ended" : "the server did not begin to answer");
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export const coreOf = (folder) => readFile(join(folder, "node_modules/oauth-refresher/core.wasm"));
