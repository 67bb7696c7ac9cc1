// An Angular application in Chromium is stable while a session waits for its next refresh. Its build lowers async functions, so that a
// zone is kept over an await.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";

const PAGE = "https://app.example/";
let browser;
let tab;
before(async () => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("zone-page.mjs", import.meta.url))],
    bundle: true,
    write: false,
    format: "iife",
    supported: { "async-await": false },
  });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
  tab = await browser.newPage();
  // nothing leaves the browser
  await tab.route("**/*", (route) =>
    route.request().url() === `${PAGE}app.js`
      ? route.fulfill({ contentType: "text/javascript", body: outputFiles[0].text })
      : route.fulfill({
          contentType: "text/html",
          body: "<!doctype html><script src=app.js></script>",
        }),
  );
  await tab.goto(PAGE);
});
after(() => browser?.close());

for (const background of ["auto", "always", "never"])
  test(`background ${background}: an application is stable while a refresh is scheduled`, async () => {
    const { isBusy, pending, begun, requests } = await tab.evaluate(
      (background) => inZones.application(background),
      background,
    );
    assert.deepEqual({ isBusy, pending, begun }, { isBusy: false, pending: [], begun: [] });
    assert.ok(requests >= 1);
  });

test("no timer and no listener begins in the zone of a caller, that of its signal neither", async () => {
  assert.deepEqual(await tab.evaluate(() => inZones.caller()), { maker: true, caller: [] });
});
