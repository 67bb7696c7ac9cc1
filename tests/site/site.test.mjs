// `cargo xtask docs`: the site in target/docs/, which the suite has built, as a reader on a phone finds it.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join, relative, resolve } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SITE = join(ROOT, "target/docs");
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

const text = (file) => readFileSync(file, "utf8");
const page = (name) => text(join(SITE, name));
const names = (folder, extension) => readdirSync(folder).filter((name) => extname(name) == extension);
const ENTITIES = { "&amp;": "&", "&#39;": "'", "&quot;": '"', "&lt;": "<", "&gt;": ">" };
/** The text of HTML. */
const plain = (html) =>
  html.replace(/<[^>]+>|\u200b/g, "").replace(/&(amp|#39|quot|lt|gt);/g, (entity) => ENTITIES[entity]);

test("each page of docs/ is a page of the site, under its own title", () => {
  const documents = names(join(ROOT, "docs"), ".md");
  assert.ok(documents.length > 20);
  for (const name of documents) {
    const title = /^# (.*)$/m.exec(text(join(ROOT, "docs", name)))[1].replaceAll("`", "");
    const heading = /<h1[^>]*>(.*?)<\/h1>/s.exec(page(name.replace(/md$/, "html")));
    assert.ok(plain(heading[1]).startsWith(title), `${name}: ${heading[1]}`);
  }
});

test("the README is the start page, and a reader gets from it to every page", () => {
  assert.ok(plain(page("index.html")).includes("npm install oauth-refresher"));
  const reached = new Set();
  const pending = ["index.html"];
  for (let name; (name = pending.pop());)
    for (const { path } of linksOf(name))
      if (!reached.has(path) && path.endsWith(".html") && !path.startsWith("rust/")) {
        reached.add(path);
        pending.push(path);
      }
  for (const name of names(join(ROOT, "docs"), ".md"))
    assert.ok(reached.has(name.replace(/md$/, "html")), name);
});

// typedoc counts headings of one name in another way than the site does: there a link leads to the top of the page.
test("each link within the site leads to a page, and to a heading where the page is ours", () => {
  const anchors = new Map();
  const anchorsOf = (path) => {
    if (!anchors.has(path))
      anchors.set(path, new Set([...page(path).matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)));
    return anchors.get(path);
  };
  let links = 0;
  for (const name of htmlBelow(SITE))
    for (const { href, path, anchor } of linksOf(name)) {
      links += 1;
      assert.ok(existsSync(join(SITE, path)), `${name}: ${href}`);
      if (anchor && !/^(api|rust)\//.test(path) && path.endsWith(".html"))
        assert.ok(anchorsOf(path).has(anchor), `${name}: ${href} has no such heading`);
    }
  assert.ok(links > 1000, `${links} links are found`);
});

test("the declarations have a page for each import path, and the crate has its own", () => {
  const { exports } = JSON.parse(text(join(ROOT, "dist/package/package.json")));
  const declared = Object.values(exports)
    .map(({ types }) => types)
    .filter(Boolean);
  const pages = htmlBelow(join(SITE, "api"));
  assert.ok(pages.length >= new Set(declared).size, pages.join());
  for (const name of ["createRefresher", "indexedDbStorage", "fakeAuthorizationServer", "TokenVault", "dpop"])
    assert.ok(
      pages.some((path) => text(join(SITE, "api", path)).includes(name)),
      name,
    );
  assert.match(page("rust/oauth_refresher/web/struct.Refresher.html"), /sign_out/);
});

let server, browser, phone;

before(async () => {
  server = createServer((request, response) => {
    const file = join(SITE, decodeURIComponent(new URL(request.url, "http://site.example").pathname));
    const found = existsSync(file) && statSync(file).isDirectory() ? join(file, "index.html") : file;
    if (!existsSync(found)) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(found)] ?? "application/octet-stream" });
    response.end(readFileSync(found));
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  phone = await browser.newPage({ viewport: { width: 375, height: 812 } });
});

after(async () => {
  await browser?.close();
  server?.close();
});

const address = (path) => `http://127.0.0.1:${server.address().port}/${path}`;

test("on a phone no page is wider than the screen", async () => {
  for (const path of [
    "index.html",
    "errors.html",
    "providers.html",
    "storage.html",
    "cloudflare.html",
    "api/index.html",
  ]) {
    await phone.goto(address(path));
    const width = await phone.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(width, 375, path);
  }
});

test("the search of a phone finds a heading, and leads to its page", async () => {
  await phone.goto(address("errors.html"));
  await phone.locator(".VPNavBarSearch button").click();
  await phone.locator("#localsearch-input").fill("After session-ended");
  await phone.locator(".VPLocalSearchBox .results a", { hasText: "5. After session-ended" }).first().click();
  await phone.waitForURL((url) => url.pathname.endsWith("login.html"));
  assert.match(await phone.locator("main").innerText(), /The server has refused the refresh token/);
});

/** Files with that ending, relative to the folder. */
function htmlBelow(folder) {
  const all = readdirSync(folder, { recursive: true }).map(String);
  return all
    .filter((name) => name.endsWith(".html") && !/(^|[\\/])rust[\\/]/.test(name))
    .map((name) => name.replaceAll("\\", "/"));
}

/** The links of a page that stay within the site. */
function linksOf(name) {
  const from = dirname(join(SITE, name));
  const hrefs = [...page(name).matchAll(/ (?:href|src)="([^"]*)"/g)].map(([, href]) =>
    href.replaceAll("&amp;", "&"),
  );
  return hrefs
    .filter((href) => href && !/^[a-z]+:|^\/\//.test(href))
    .map((href) => {
      const [target, anchor = ""] = href.split("#").map(decodeURIComponent);
      const file = target
        ? target[0] == "/"
          ? join(SITE, target)
          : resolve(from, target)
        : join(SITE, name);
      const path = relative(
        SITE,
        existsSync(file) && statSync(file).isDirectory() ? join(file, "index.html") : file,
      );
      return { href, path, anchor };
    });
}
