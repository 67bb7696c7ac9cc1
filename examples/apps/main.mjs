// The page and the Worker in Rust, and an authorization server and API on loopback: `cargo xtask example rust`.

import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { startServer } from "../shared/server.mjs";

const BUILT = fileURLToPath(new URL("../../target/apps/", import.meta.url));
const TYPES = { js: "text/javascript", wasm: "application/wasm" };
const port = Number(process.env.PORT ?? 8080);

// `cargo xtask pack` installs the package there, and miniflare is there
const { resolve } = createRequire(new URL("../../tests/package.json", import.meta.url));
const installed = (name) => import(pathToFileURL(resolve(name)).href);
const [{ fakeAuthorizationServer }, { Miniflare }] = await Promise.all(
  ["oauth-refresher/testing", "miniflare"].map(installed),
);

const server = await startServer({ fakeAuthorizationServer, accessTokenSeconds: 30 });
const { origin, token_endpoint, client_id } = server;
const revocation_endpoint = `${origin}/revoke`;
const pages = createServer(servePage);
await new Promise((listening) => pages.listen(port, "127.0.0.1", listening));
const page = `http://127.0.0.1:${pages.address().port}`;

const workerd = new Miniflare({
  modules: await workerModules(),
  compatibilityDate: "2026-07-01",
  host: "127.0.0.1",
  port: port && port + 1,
  durableObjects: { SESSION: { className: "Session", useSQLite: true } },
  bindings: {
    TOKEN_ENDPOINT: token_endpoint,
    REVOCATION_ENDPOINT: revocation_endpoint,
    CLIENT_ID: client_id,
  },
});
const worker = (await workerd.ready).origin;

console.log(`The page in Rust: ${page}/
The Worker in Rust: curl -s ${page}/reply | curl -T - ${worker}/ada   a login of Ada
                    curl ${worker}/ada   an access token of hers
Access tokens live 30 s. Ctrl-C ends it.`);
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, async () => {
    pages.close();
    pages.closeAllConnections();
    await workerd.dispose();
    server.close();
  });

/** The page, its module, and at /reply what a token endpoint answers to a login. */
async function servePage({ url }, response) {
  const { pathname } = new URL(url, "http://loopback");
  const send = (type, body) => response.writeHead(200, { "Content-Type": type }).end(body);
  if (pathname === "/") return send("text/html; charset=utf-8", html());
  if (pathname === "/reply") return send("application/json", JSON.stringify(server.login()));
  const body = await readFile(join(BUILT, "page", pathname)).catch(() => undefined);
  if (!body) return response.writeHead(404).end();
  send(TYPES[pathname.split(".").at(-1)] ?? "text/plain", body);
}

function html() {
  const options = { token_endpoint, revocation_endpoint, client_id, origins: [origin] };
  return `<!doctype html><title>A page in Rust</title><link rel="icon" href="data:,">
<script type="application/json" id="options" data-api="${origin}/notes">${JSON.stringify(options)}</script>
<script type="module">
import start from "/page.js";
await start({ module_or_path: "/page_bg.wasm" });
const reply = await (await fetch("/reply")).text(); // a login, to be handed over by "Log in"
document.querySelector("#login").value = reply;
</script>`;
}

/** The Worker with the entry that `worker-build` generates around it. */
async function workerModules() {
  const folder = join(BUILT, "worker_in_rust");
  const entry = `import module from "./worker_in_rust_bg.wasm";
import { fetch, initSync, Session } from "./worker_in_rust.js";
initSync({ module });
export { Session };
export default { fetch: (request, env, context) => fetch(request, env, context) };`;
  const files = (await readdir(folder, { recursive: true })).filter((file) => /\.(js|wasm)$/.test(file));
  const modules = files.map(async (path) => {
    const type = path.endsWith(".js") ? "ESModule" : "CompiledWasm";
    return {
      type,
      path,
      contents: await readFile(join(folder, path), type === "ESModule" ? "utf8" : undefined),
    };
  });
  return [{ type: "ESModule", path: "entry.mjs", contents: entry }, ...(await Promise.all(modules))];
}
