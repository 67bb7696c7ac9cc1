// The lines of docs/builds.md that preload the core's chunk, as they stand there: the page asks for the chunk at once, and only once.
import "../leaks/listener.mjs";
import { hearPage } from "../leaks/pages.mjs";
import assert from "node:assert/strict";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { build } from "vite";
import webpack from "webpack";
import { installed as browserInstalled } from "../browser/engines/debian.mjs";
import { allowPages, listen, respond } from "../servers/wire.mjs";

const PACKAGE = fileURLToPath(new URL("../node_modules/oauth-refresher", import.meta.url));
const FOLDER = fileURLToPath(new URL(".preload", import.meta.url));
const TEXT = await readFile(new URL("../../docs/builds.md", import.meta.url), "utf8");
const [, SECTION] = TEXT.split("## Preload the core\n");
const blocks = (language) =>
  [...SECTION.split("\n## ")[0].matchAll(new RegExp("```" + language + "\n([^]*?)```", "g"))].map(
    ([, code]) => code,
  );
const [VITE_CONFIG, WEBPACK_CONFIG] = blocks("js");
const [LINES_WITHOUT_BUNDLER, LINE_FOR_WEBPACK] = blocks("html");
const IS_CORE = /core/;

const page = (head, script) => `<!doctype html><title>preload</title>${head}${script}`;
const module = (path) => `<script type="module" src="${path}"></script>`;

let server, browser;
const asked = [];

before(async () => {
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(join(FOLDER, "node_modules"), { recursive: true });
  await cp(PACKAGE, join(FOLDER, "node_modules/oauth-refresher"), { recursive: true });
  server = await listen(async (req, res) => {
    const { pathname } = new URL(req.url, server.origin);
    asked.push(pathname);
    allowPages(res);
    const body = await readFile(join(FOLDER, pathname), "utf8").catch(() => undefined);
    const type = pathname.endsWith(".html") ? "text/html" : "text/javascript";
    respond(res, body ? 200 : 404, body ?? "", { "Content-Type": type, "Cache-Control": "max-age=600" });
  });
  browserInstalled({ program: "chromium", packages: ["chromium"], say: console.log });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
});
after(async () => {
  await browser?.close();
  await server?.close();
  await rm(FOLDER, { recursive: true, force: true });
});

/** The paths that a page asks for before a call, and those that the first call adds. */
async function askedBy(path, html) {
  await writeFile(join(FOLDER, path), html);
  asked.length = 0;
  const tab = hearPage(await browser.newPage());
  await tab.goto(server.origin + path, { waitUntil: "networkidle" });
  const first = asked.splice(0).filter((one) => IS_CORE.test(one));
  const code = await tab.evaluate(() => globalThis.used());
  await tab.close();
  return { code, first, later: asked.splice(0).filter((one) => IS_CORE.test(one)) };
}

const MAIN = (from) => `import { createRefresher } from "${from}";
const refresher = createRefresher({ token_endpoint: location.origin + "/token", client_id: "app", background: "never" });
globalThis.used = () => refresher.getAccessToken().catch(({ code }) => code);
`;

test("without a bundler the two lines bring the modules that are most of the core", async () => {
  await writeFile(join(FOLDER, "main.js"), MAIN("/node_modules/oauth-refresher/entry/browser.js"));
  const { code, first, later } = await askedBy(
    "/plain.html",
    page(LINES_WITHOUT_BUNDLER, module("/main.js")),
  );
  assert.equal(code, "signed_out");
  assert.deepEqual(first.map((path) => path.split("/").at(-1)).sort(), ["core-bytes.js", "core-lazy.js"]);
  assert.deepEqual(
    later.map((path) => path.split("/").at(-1)),
    ["core-glue.js"],
  );
});

test("with Vite the plugin writes the line, and the chunk is asked for once", async () => {
  await writeFile(join(FOLDER, "main.js"), MAIN("oauth-refresher"));
  await writeFile(join(FOLDER, "index.html"), page("", module("/main.js")));
  await writeFile(join(FOLDER, "vite.config.mjs"), VITE_CONFIG);
  const { default: config } = await import(join(FOLDER, "vite.config.mjs"));
  const output = { outDir: FOLDER, emptyOutDir: false, rollupOptions: { input: join(FOLDER, "index.html") } };
  await build({ ...config, configFile: false, root: FOLDER, build: output, logLevel: "warn" });
  const html = await readFile(join(FOLDER, "index.html"), "utf8");
  const { code, first, later } = await askedBy("/vite.html", html);
  assert.equal(code, "signed_out");
  assert.match(first.join(), /^\/assets\/core-lazy-[\w-]+\.js$/);
  assert.deepEqual(later, []);
});

test("with webpack the chunk has the name that the line has, and is asked for once", async () => {
  await writeFile(join(FOLDER, "main.js"), MAIN("oauth-refresher"));
  await writeFile(join(FOLDER, "webpack.config.mjs"), WEBPACK_CONFIG);
  const { default: config } = await import(join(FOLDER, "webpack.config.mjs"));
  const output = { path: FOLDER, filename: "app.js", publicPath: "/" };
  const stats = await new Promise((resolve, reject) =>
    webpack({ ...config, mode: "production", context: FOLDER, entry: "./main.js", output }, (error, done) =>
      error ? reject(error) : resolve(done),
    ),
  );
  assert.equal(stats.hasErrors(), false, stats.toString("errors-only"));
  const { code, first, later } = await askedBy(
    "/webpack.html",
    page(LINE_FOR_WEBPACK, `<script defer src="/app.js"></script>`),
  );
  assert.equal(code, "signed_out");
  assert.deepEqual(first, ["/oauth-refresher-core.js"]);
  assert.deepEqual(later, []);
});
