// Serves the tabs of chaos.test.mjs, takes their reports and answers with their orders.

import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { listen, readBody, respond } from "../../servers/wire.mjs";
import { importMap, installedDirectory } from "../../../www/installed.mjs";

/**
 * `given`: the settings of every tab. `server`: what a host connects to. `connectTo`: the origins it may connect to. `reported(report)` takes a tab's report and
 * returns its orders. `born(tab)` names the new life of a tab that loads.
 */
export async function startHub({ given, server: authorizationServer, connectTo, born, reported }) {
  const directory = installedDirectory();
  const map = JSON.stringify(await importMap(directory, "/package"));
  const hash = createHash("sha256").update(map).digest("base64");
  const policy = `default-src 'none'; img-src 'self'; script-src 'self' 'sha256-${hash}' 'wasm-unsafe-eval'; connect-src 'self' ${connectTo}`;
  const scripts = await loaded(directory);
  scripts.set("/in-host.js", await host(authorizationServer));

  const server = await listen(async (req, res) => {
    const { pathname } = new URL(req.url, "http://loopback");
    if (pathname === "/report")
      return respond(res, 200, await reported(JSON.parse(await readBody(req, 1 << 20))));
    const tab = /^\/tab\/(\d+)$/.exec(pathname)?.[1];
    const body = tab ? page(map, { ...given, life: born(Number(tab)) }) : scripts.get(pathname);
    if (pathname === "/favicon.ico") return res.writeHead(204).end();
    if (body === undefined) return respond(res, 404, {});
    res.setHeader("Content-Type", `${tab ? "text/html" : "text/javascript"}; charset=utf-8`);
    res.setHeader("Cache-Control", "no-store");
    if (tab) res.setHeader("Content-Security-Policy", policy);
    res.end(body);
  });
  return { url: (tab) => `${server.origin}/tab/${tab}`, close: server.close };
}

const page = (map, given) => `<!doctype html><title>Life ${given.life}</title>
<meta name="given" content="${JSON.stringify(given).replaceAll("&", "&amp;").replaceAll('"', "&quot;")}">
<script type="importmap">${map}</script><script type="module" src="/in-tab.mjs"></script>`;

/** One classic script: not every engine has service workers that are modules. */
async function host(given) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("in-host.mjs", import.meta.url))],
    bundle: true,
    write: false,
    format: "iife",
    conditions: ["browser"],
    banner: { js: `globalThis.given = ${JSON.stringify(given)};` },
  });
  return outputFiles[0].text;
}

/** The package, read once, so that a run never mixes two packages. */
async function loaded(directory) {
  const scripts = new Map();
  for (const own of ["in-tab.mjs", "log.mjs"])
    scripts.set(`/${own}`, await readFile(new URL(own, import.meta.url)));
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath ?? entry.path, entry.name);
    const path = relative(directory, file).split(sep).join("/");
    if (entry.isFile() && path.endsWith(".js")) scripts.set(`/package/${path}`, await readFile(file));
  }
  return scripts;
}
