// The tour of the demo page in Chromium: each of nine stories is played by both sides, and the servers judge.
// SCREENSHOT_DIRECTORY=… leaves a picture of its end there.

import "../leaks/listener.mjs";
import { hearPage } from "../leaks/pages.mjs";
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { startDemoServers } from "../../www/demo-servers.mjs";
import { installedDirectory } from "../../www/installed.mjs";
import { servePage } from "../../www/serve.mjs";
import { STORIES } from "../../www/tour/stories.js";

const TOUR_LIMIT_MS = 120_000;
const MINUTE = { oidc: 60, go1: 60, goto: 60, vault: 60 };

let servers, served, browser, page;

before(async () => {
  servers = await startDemoServers(MINUTE);
  served = await servePage({ packageDirectory: installedDirectory(), servers });
  const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
  browser = await chromium.launch({
    executablePath,
    headless: true,
    args: ["--no-sandbox", "--disable-gpu"],
  });
  page = hearPage(await browser.newPage({ viewport: { width: 375, height: 812 } }));
});
after(async () => {
  await browser?.close();
  await served?.close();
  await servers?.close();
});

test("the tour starts by itself, and the usual lines lose the sessions that the package keeps", async () => {
  await page.goto(`${served.url}?pace=0`);
  await page.locator("#tour .lane li").first().waitFor({ timeout: 5000 });
  await page.locator("#tour[data-over=true]").waitFor({ state: "attached", timeout: TOUR_LIMIT_MS });
  const verdicts = await page
    .locator(".steps button")
    .evaluateAll((buttons) =>
      buttons.map((button) => [
        button.dataset.story,
        ...["theirs", "ours"].map((side) => button.querySelector(`.verdict.${side}`).dataset.verdict),
      ]),
    );
  assert.deepEqual(
    verdicts,
    STORIES.map(({ id }) => [id, "lost", "kept"]),
  );
  assert.equal(await page.locator(".count[data-side=theirs]").innerText(), String(STORIES.length));
  assert.equal(await page.locator(".count[data-side=ours]").innerText(), "0");
  await picture("tour-phone");
});

test("a story can be replayed alone and paused", async () => {
  await page.locator("[data-story=sleep]").click();
  await page.locator("[data-story=sleep] .verdict.ours[data-verdict=kept]").waitFor();
  assert.equal(await page.locator(".title").innerText(), "5. Sleep");
  await page.locator("[data-do=again]").click();
  await page.locator("[data-do=pause]").click();
  assert.equal(await page.locator("[data-do=pause]").innerText(), "Play");
});

test("the page shows the played lines and leaves no tokens behind", async () => {
  await page.locator("#code summary").click();
  for (const file of ["tour/usual.js", "tour/ours.js"]) {
    const shown = await page.locator(`[data-source-of="/${file}"]`).textContent();
    assert.equal(shown, await readFile(new URL(`../../www/${file}`, import.meta.url), "utf8"));
  }
  await page.locator("#tabs iframe").first().waitFor({ state: "detached" });
  const left = await page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes(":tour:")));
  assert.deepEqual(left, []);
  const isSideways = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(isSideways, false, "no horizontal scrolling on a phone");
});

async function picture(name) {
  const directory = process.env.SCREENSHOT_DIRECTORY;
  if (!directory) return;
  await mkdir(directory, { recursive: true });
  await page.screenshot({ path: join(directory, `${name}.png`), fullPage: true });
}
