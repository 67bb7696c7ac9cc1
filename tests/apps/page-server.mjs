// Serves the page in Rust and, on the same origin, the packed npm package. Not a test by itself.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { importMap, installedDirectory } from "../../www/installed.mjs";

const APP = fileURLToPath(new URL("../../target/apps/page", import.meta.url));
const START = 'import start from "/app/page.js"; await start({ module_or_path: "/app/page_bg.wasm" });';
const TYPES = { js: "text/javascript; charset=utf-8", wasm: "application/wasm" };

/** `/` is the page in Rust, `/package` has the npm package and an import map for it. */
export async function startPages({ options, api }) {
  const map = JSON.stringify(await importMap(installedDirectory(), "/npm"));
  const json = JSON.stringify(options);
  const pages = {
    "/": `<!doctype html><title>A page in Rust</title>
<script type="application/json" id="options" data-api="${api}">${json}</script><script type="module">${START}</script><body></body>`,
    "/package": `<!doctype html><title>The package</title><script type="importmap">${map}</script>`,
  };
  const hashes = [START, map, json].map(
    (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`,
  );
  const policy = `default-src 'none'; script-src 'self' 'wasm-unsafe-eval' ${hashes.join(" ")}; connect-src 'self' ${new URL(api).origin}`;

  const server = createServer(async (req, res) => {
    const { pathname } = new URL(req.url, "http://loopback");
    if (pages[pathname]) {
      res.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy });
      return res.end(pages[pathname]);
    }
    const [, folder, path] = /^\/(app|npm)\/(.*)$/.exec(normalize(pathname)) ?? [];
    const root = folder === "app" ? APP : installedDirectory();
    const body = folder && (await readFile(join(root, path)).catch(() => undefined));
    res.writeHead(body ? 200 : 204, { "Content-Type": TYPES[pathname.split(".").at(-1)] ?? "text/plain" });
    res.end(body || undefined);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}
