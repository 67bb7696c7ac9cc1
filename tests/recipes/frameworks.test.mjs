// docs/frameworks.md as it stands there, in Chromium and in Node: first paint, reload, server-side rendering, another tab.
import "../leaks/listener.mjs";
import { hearPage } from "../leaks/pages.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import ts from "typescript";
import { complaints, withEverything } from "../runtimes/compiler.mjs";
import { allowPages, listen, respond } from "../servers/wire.mjs";
import { FRAMEWORKS, hostOf, pageOf, recipes, serverOf, writeRecipes } from "./frameworks.mjs";

const SECONDS_10 = 10_000;
const session = (number) => ({
  access_token: `access-token-of-login-${number}`,
  refresh_token: `refresh-token-of-login-${number}`,
  token_type: "Bearer",
  expires_in: 3600,
});

let server, browser;
const bundles = {};
const tokenRequests = [];

before(async () => {
  server = await listen(async (req, res) => {
    const [, name = ""] = req.url.split("/");
    if (name === "token") {
      tokenRequests.push(req.method);
      allowPages(res);
      return respond(res, 400, { error: "invalid_grant" });
    }
    const isScript = name.endsWith(".js");
    const body = isScript ? bundles[name.slice(0, -3)] : bundles[name] && page(name);
    return respond(res, body ? 200 : 404, body ?? "", {
      "Content-Type": isScript ? "text/javascript" : "text/html",
    });
  });
  const token_endpoint = `${server.origin}/token`;
  await writeRecipes({ token_endpoint });
  bundles.host = await hostOf({ token_endpoint });
  for (const framework of FRAMEWORKS) {
    bundles[framework] = await pageOf(framework);
    bundles[`${framework}-hosted`] = await pageOf(framework, { isHosted: true });
  }
  const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
  browser = await chromium.launch({
    executablePath,
    headless: true,
    args: ["--no-sandbox", "--disable-gpu"],
  });
});
after(async () => {
  await browser?.close();
  await server?.close();
});

test("every recipe compiles under the strictest options", () => {
  const files = Object.entries(recipes())
    .filter(([name]) => /\.tsx?$/.test(name))
    .map(([name, code]) => [`recipes/written/${name}`, code]);
  assert.ok(files.length >= 8, "the recipes are where they are looked for");
  const options = { ...withEverything, jsx: ts.JsxEmit.ReactJSX, experimentalDecorators: true };
  assert.deepEqual(complaints(options, [], Object.fromEntries(files)), []);
});

for (const framework of FRAMEWORKS) {
  test(`${framework}: a server renders what the first paint shows`, async () => {
    const { html } = await serverOf(framework);
    const text = await html();
    assert.match(text, /one moment/);
    assert.doesNotMatch(text, /sign in|welcome/);
  });

  for (const name of [framework, `${framework}-hosted`])
    test(`${name}: a visitor, a login, a reload, and what another tab does`, async () => {
      const context = await browser.newContext();
      context.setDefaultTimeout(SECONDS_10);
      const faults = [];
      const first = await opened(context, name, faults);
      await shows(first, "please sign in");
      assert.deepEqual(await painted(first), ["one moment", "please sign in"]);

      await first.evaluate((tokens) => window.refresher.setTokens(tokens), session(1));
      await shows(first, "welcome back");
      await first.reload();
      await shows(first, "welcome back");
      assert.deepEqual(
        await painted(first),
        ["one moment", "welcome back"],
        "after a reload it is not taken for signed out",
      );

      const second = await opened(context, name, faults);
      await shows(second, "welcome back");
      await second.evaluate(() => window.refresher.signOut());
      await shows(second, "please sign in");
      await shows(first, "please sign in");
      await second.evaluate((tokens) => window.refresher.setTokens(tokens), session(2));
      await shows(first, "welcome back");

      assert.deepEqual(tokenRequests, [], "no server is asked whether there is a session");
      assert.deepEqual(faults, []);
      await context.close();
    });
}

for (const [how, page] of Object.entries({ "in the page": "angular", "with a host": "angular-hosted" }))
  test(`Angular: ${how} no timer of a refresh keeps a zone busy`, async () => {
    const context = await browser.newContext();
    const faults = [];
    const tab = await opened(context, page, faults);
    await shows(tab, "please sign in");
    await tab.evaluate((tokens) => window.refresher.setTokens(tokens), session(1));
    const seen = await tab.evaluate(async () => {
      let pending = 0;
      const zone = Zone.current.fork({
        name: "application",
        onHasTask(delegate, current, target, state) {
          delegate.hasTask(target, state);
          if (state.change === "macroTask") pending += state.macroTask ? 1 : -1;
        },
      });
      const token = await zone.run(() => window.refresher.getAccessToken({ minValiditySeconds: 1 }));
      return { pending, token };
    });
    assert.deepEqual(seen, { pending: 0, token: session(1).access_token });
    assert.deepEqual(faults, []);
    await context.close();
  });

async function opened(context, framework, faults) {
  const tab = hearPage(await context.newPage());
  tab.on("pageerror", (error) => faults.push(String(error)));
  await tab.addInitScript(watchPaints);
  await tab.goto(`${server.origin}/${framework}`);
  return tab;
}

/** Runs in the page before anything else: each text that the application shows, once. */
function watchPaints() {
  window.painted = [];
  const look = () => {
    const text = document.body?.innerText.trim();
    if (text && text !== window.painted.at(-1)) window.painted.push(text);
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
}

const painted = (tab) => tab.evaluate(() => window.painted);
const shows = (tab, text) => tab.getByText(text, { exact: true }).waitFor();

const page = (framework) =>
  `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>${framework}</title>
<body><div id="app"></div>${framework.startsWith("angular") ? "<app-root></app-root>" : ""}<script type="module" src="/${framework}.js"></script>`;
