// Serves the claims and the packed package to a page, and takes its results. Not a test by itself.

import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { importMap, installedDirectory } from "../../www/installed.mjs";
import { listen } from "../servers/wire.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const PATIENCE_MS = 120_000;

export async function startClaimsPage(setting) {
  const map = JSON.stringify(await importMap(installedDirectory(), "/package"));
  const html = `<!doctype html><title>refresher.fetch</title>
<script type="importmap">${map}</script><script type="module" src="/in-page.mjs"></script>`;
  let told;
  const results = new Promise((resolve, reject) => {
    told = resolve;
    setTimeout(() => reject(new Error("the page told nothing in two minutes")), PATIENCE_MS).unref();
  });
  const server = await listen(async (req, res) => {
    const { pathname } = new URL(req.url, "http://loopback");
    if (pathname === "/results") {
      const chunks = [];
      for await (const chunk of req) chunks.push(chunk);
      told(JSON.parse(Buffer.concat(chunks)));
      return res.end();
    }
    const [type, body] =
      pathname === "/"
        ? ["text/html; charset=utf-8", html]
        : pathname === "/setting"
          ? ["application/json", JSON.stringify(setting)]
          : await script(pathname);
    res.writeHead(body === undefined ? 404 : 200, { "Content-Type": type });
    res.end(body);
  });
  return { url: `${server.origin}/`, results, close: server.close };
}

async function script(pathname) {
  if (![".js", ".mjs"].includes(extname(pathname)) || pathname.includes("..")) return ["text/plain"];
  const file = pathname.startsWith("/package/")
    ? join(installedDirectory(), pathname.slice("/package/".length))
    : join(HERE, pathname);
  return ["text/javascript; charset=utf-8", await readFile(file)];
}
