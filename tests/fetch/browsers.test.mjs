// The claims about refresher.fetch, on the packed package in pages: Chromium always, Firefox and WebKit with --long.

import "../leaks/listener.mjs";
import { heard } from "../leaks/search.mjs";
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { chromium } from "../browser/engines/chromium.mjs";
import { firefox } from "../browser/engines/firefox.mjs";
import { webkit } from "../browser/engines/webkit.mjs";
import { startApi } from "../servers/api.mjs";
import { claims } from "./claims.mjs";
import { startClaimsPage } from "./page-server.mjs";

const engines = process.env.OAUTH_REFRESHER_LONG ? [chromium, firefox, webkit] : [chromium];
const complaints = [];

for (const engine of engines)
  describe(engine.name, () => {
    let api, other, page, browser, results;
    before(async () => {
      [api, other] = await Promise.all([startApi(), startApi()]);
      page = await startClaimsPage({ apiOrigin: api.origin, otherOrigin: other.origin });
      browser = await engine.launch({
        heard(level, text) {
          heard("a page's console", text);
          complaints.push(`${level}: ${text}`);
        },
        say: (text) => console.log(text),
      });
      await browser.open(page.url, () => {});
      results = new Map((await page.results).map((result) => [result.name, result]));
    });
    after(async () => {
      await browser?.close();
      await Promise.all([api, other, page].map((server) => server?.close()));
    });

    for (const name of Object.keys(claims))
      test(`${name}`, () => {
        assert.ok(results.has(name), `the page ran it (${complaints.slice(-3)})`);
        assert.equal(results.get(name).failure, undefined);
      });
  });
