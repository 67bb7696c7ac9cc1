// www/worker in workerd, as wrangler would run it, and an authorization server and API on loopback: `cargo xtask example worker`.

import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { startServer } from "../shared/server.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const port = Number(process.env.PORT ?? 8787);

const server = await startServer({ fakeAuthorizationServer, accessTokenSeconds: 30 });
const workerd = new Miniflare({
  modules: await bundled(at("../../www/worker/worker.ts")),
  compatibilityDate: "2026-07-01",
  host: "127.0.0.1",
  port,
  durableObjects: { VAULT: { className: "Vault", useSQLite: true } },
  bindings: {
    AUTHORIZATION_ENDPOINT: `${server.origin}/authorize`,
    TOKEN_ENDPOINT: server.token_endpoint,
    REVOCATION_ENDPOINT: `${server.origin}/revoke`,
    CLIENT_ID: server.client_id,
    SCOPE: "offline_access",
    API: server.origin,
  },
});
const { origin } = await workerd.ready;
console.log(`The Worker: ${origin}/login signs in, then ${origin}/api/notes asks the API. Ctrl-C ends it.`);
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, async () => {
    await workerd.dispose();
    server.close();
  });

/** One module and the core beside it. */
async function bundled(entry) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    nodePaths: [at("node_modules")],
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:workers"],
    loader: { ".wasm": "copy" },
    assetNames: "[name]",
    outdir: "bundle",
    write: false,
  });
  const [worker] = outputFiles.filter(({ path }) => path.endsWith(".js"));
  const [core] = outputFiles.filter(({ path }) => path.endsWith(".wasm"));
  return [
    { type: "ESModule", path: "worker.mjs", contents: worker.text },
    { type: "CompiledWasm", path: "core.wasm", contents: core.contents },
  ];
}
