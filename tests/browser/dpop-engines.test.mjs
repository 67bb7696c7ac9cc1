// DPoP in pages of every engine: Chromium always, Firefox and WebKit with --long. Engines differ in keys in IndexedDB.

import "../leaks/listener.mjs";
import { heard } from "../leaks/search.mjs";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { importMap, installedDirectory } from "../../www/installed.mjs";
import { startDPoPApi } from "../servers/dpop-api.mjs";
import { startOidc } from "../servers/oidc.mjs";
import { listen, readBody, respond } from "../servers/wire.mjs";
import { chromium } from "./engines/chromium.mjs";
import { firefox } from "./engines/firefox.mjs";
import { webkit } from "./engines/webkit.mjs";

const TESTS = fileURLToPath(new URL("..", import.meta.url));
const PATIENCE_MS = 60_000;
const engines = process.env.OAUTH_REFRESHER_LONG ? [chromium, firefox, webkit] : [chromium];

for (const engine of engines)
  test(`a bound session continues in the next visit in ${engine.name}`, async () => {
    let jkt;
    const complaints = [];
    const oidc = await startOidc({ nonces: true });
    const api = await startDPoPApi({ nonces: true, accepts: () => jkt });
    const pages = await startPage({ oidc, api, minted: (thumbprint) => (jkt = thumbprint) });
    const browser = await engine.launch({
      heard(level, text) {
        heard("a page's console", text);
        complaints.push(`${level}: ${text}`);
      },
      say: console.log,
    });
    try {
      await browser.open(pages.url, () => {});
      assert.deepEqual(await pages.results, [], String(complaints));
      const outcomes = oidc.requests.map(({ outcome, error }) => error ?? outcome);
      assert.deepEqual(outcomes, ["use_dpop_nonce", "granted", "use_dpop_nonce", "granted"]);
      assert.deepEqual(
        api.calls.map(({ status }) => status),
        [401, 200, 200],
      );
    } finally {
      await browser.close();
      await Promise.all([oidc, api, pages].map((server) => server.close()));
    }
  });

async function startPage({ oidc, api, minted }) {
  const map = JSON.stringify(await importMap(installedDirectory(), "/package"));
  const html = `<!doctype html><title>DPoP</title>
<script type="importmap">${map}</script><script type="module" src="/browser/dpop-page.mjs"></script>`;
  const { token_endpoint, clients } = oidc;
  const setting = { server: { token_endpoint, ...clients.none, origins: [api.origin] }, api: api.origin };
  const { promise, resolve, reject } = withResolvers();
  const limit = setTimeout(() => reject(new Error("the page told nothing in a minute")), PATIENCE_MS);
  const server = await listen(async (req, res) => {
    const { pathname, searchParams } = new URL(req.url, "http://loopback");
    const jkt = searchParams.get("jkt");
    if (pathname === "/results") resolve(JSON.parse(await readBody(req)));
    if (pathname === "/results" || pathname === "/favicon.ico") return res.end();
    if (pathname === "/setting") return respond(res, 200, setting);
    if (pathname === "/mint") return respond(res, 200, await oidc.mint("none", { jkt: minted(jkt) }));
    const isScript = [".js", ".mjs"].includes(extname(pathname)) && !pathname.includes("..");
    res.setHeader("Content-Type", isScript ? "text/javascript; charset=utf-8" : "text/html; charset=utf-8");
    res.end(isScript ? await readFile(placeOf(pathname)) : html);
  });
  const close = () => (clearTimeout(limit), server.close());
  return { url: `${server.origin}/`, results: promise, close };
}

const placeOf = (pathname) =>
  pathname.startsWith("/package/")
    ? join(installedDirectory(), pathname.slice("/package/".length))
    : join(TESTS, pathname);

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  parts.promise.catch(() => {});
  return parts;
}
