// Bundles a Worker as wrangler does. Not a test by itself.

import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const MODULES = fileURLToPath(new URL("../node_modules", import.meta.url));

export const COMPATIBILITY_DATE = "2026-07-01";

/** One module and the core beside it, like wrangler's output. */
export const AS_WRANGLER = {
  bundle: true,
  format: "esm",
  target: "es2022",
  conditions: ["workerd", "worker", "browser"],
  external: ["cloudflare:workers"],
  loader: { ".wasm": "copy" },
  assetNames: "[name]",
  outdir: "bundle",
  write: false,
};

export async function bundled(entry) {
  const result = await build({
    ...AS_WRANGLER,
    entryPoints: [entry],
    nodePaths: [MODULES], // for modules outside of this folder
    metafile: true,
  });
  const modules = result.outputFiles.map(({ path, contents, text }) =>
    path.endsWith(".wasm")
      ? { type: "CompiledWasm", path: "core.wasm", contents }
      : { type: "ESModule", path: "worker.mjs", contents: text },
  );
  modules.sort((a) => (a.type === "ESModule" ? -1 : 1)); // the first is the entry
  return { modules, inputs: Object.keys(result.metafile.inputs) };
}
