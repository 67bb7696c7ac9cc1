// Serves the packed package to a page with a strict Content-Security-Policy. Not a test by itself.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { importMap, installedDirectory } from "../../www/installed.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const OWN = [
  "in-page.mjs",
  "in-any-worker.mjs",
  "in-worker.mjs",
  "in-service-worker.mjs",
  "indexeddb-page.mjs",
  "host-page.mjs",
  "host-worker.mjs",
];
const VECTORS = "vectors/dpop.mjs";
const SCRIPT = "text/javascript; charset=utf-8";

/**
 * `/` has the package, `/no-wasm` has it under a policy without 'wasm-unsafe-eval', `/bare` has only the import map for it,
 * `/elsewhere` is another page.
 * `origins`: the origins that the pages may connect to.
 */
export async function startPages(origins) {
  const map = JSON.stringify(await importMap(installedDirectory(), "/package"));
  const hash = createHash("sha256").update(map).digest("base64");
  const policy = (wasm, workers = "'self'") =>
    [
      "default-src 'none'",
      `script-src 'self' 'sha256-${hash}'${wasm}`,
      `worker-src ${workers}`,
      "frame-src 'self'",
      `connect-src ${origins.join(" ")}`,
      "base-uri 'none'",
    ].join("; ");
  const pages = {
    "/": () => page(map, policy(" 'wasm-unsafe-eval'")),
    "/no-wasm": () => page(map, policy("")),
    "/bare": () => page(map, policy(" 'wasm-unsafe-eval'"), ""),
    "/hosts": () => page(map, policy(" 'wasm-unsafe-eval'"), HOST_PAGE),
    "/hosts-blocked": () => page(map, policy(" 'wasm-unsafe-eval'", "'none'"), HOST_PAGE),
    "/elsewhere": () => ({ type: "text/html", body: "<!doctype html><title>Elsewhere</title>" }),
    "/favicon.ico": () => ({ type: "image/svg+xml", body: "" }),
  };

  const server = createServer(async (req, res) => {
    const { pathname } = new URL(req.url, "http://loopback");
    const { type, body, headers } = (await (pages[pathname]?.() ?? script(pathname))) ?? { status: 404 };
    res.writeHead(type ? 200 : 404, { "Content-Type": type ?? "text/plain", ...headers });
    res.end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}

const IN_PAGE = '<script type="module" src="/in-page.mjs"></script>';

const HOST_PAGE = '<script type="module" src="/host-page.mjs"></script>';

const page = (map, policy, scripts = IN_PAGE) => ({
  type: "text/html; charset=utf-8",
  headers: { "Content-Security-Policy": policy },
  body: `<!doctype html><title>The package</title>
<script type="importmap">${map}</script>${scripts}`,
});

async function script(pathname) {
  const path = normalize(pathname).slice(1);
  // a second URL is a second copy
  const inPackage = /^(package|copy)\/(.*\.js)$/.exec(path)?.[2];
  if (!inPackage && path !== VECTORS && !OWN.includes(path)) return undefined;
  const folder = path === VECTORS ? join(HERE, "..") : HERE;
  const file = inPackage ? join(installedDirectory(), inPackage) : join(folder, path);
  return { type: SCRIPT, body: await readFile(file) };
}
