// The download size of a page: one line for each bundle with name, raw, gzip 9 and brotli 11 bytes, separated by tabs.
// usage: node size.mjs <folder of the unpacked package>

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const folder = process.argv[2];

// For Workers and `slim` the wasm is a separate file; a bundler leaves it out of the JavaScript.
const withoutInlinedCore = {
  name: "without the inlined core",
  setup(bundler) {
    bundler.onLoad({ filter: /core-bytes\.js$/ }, () => ({ contents: 'export default () => ""' }));
  },
};

measure("core.wasm", readFileSync(join(folder, "core.wasm")));
measure("glue", await bundled('export { default } from "./lib/core-glue.js"'));
measure(
  "all JavaScript of the default import, no core",
  await bundled(defaultImport(), [withoutInlinedCore]),
);
const [atOnce, chunk, ...others] = await split(defaultImport());
if (others.length) throw new Error(`the default import is split into ${2 + others.length} files`);
measure("default import, at once", atOnce);
measure("default import, the core's chunk", chunk);
measure(
  "default import, one file",
  await bundled('export { createRefresher } from "oauth-refresher/inline"'),
);
measure("RefreshError alone", await bundled('export { RefreshError } from "oauth-refresher"'));
measure(
  "oauth-refresher/js, one file",
  await bundled('export { createRefresher } from "oauth-refresher/js"'),
);
// what is imported beside it
for (const [entry, names] of Object.entries({
  "client-auth": ["privateKeyJwt", "clientSecretJwt, mutualTls, privateKeyJwt"],
  dpop: ["dpop"],
  client: ["connectRefresher, RefreshError"],
  mcp: ["mcpSession"],
}))
  for (const each of names)
    measure(`${entry}: ${each}`, await bundled(`export { ${each} } from "oauth-refresher/${entry}"`));

function defaultImport() {
  return 'export { createRefresher } from "oauth-refresher"';
}

/** Entry first. */
async function split(contents) {
  const files = await outputs(contents, { splitting: true, outdir: "/", chunkNames: "chunk" });
  return files
    .sort((one, other) => one.path.includes("chunk") - other.path.includes("chunk"))
    .map((file) => file.contents);
}

async function bundled(contents, plugins = []) {
  return (await outputs(contents, { plugins }))[0].contents;
}

async function outputs(contents, options) {
  const result = await build({
    stdin: { contents, resolveDir: folder },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    legalComments: "none",
    logLevel: "error",
    ...options,
  }).catch(() => process.exit(1)); // esbuild has printed the reason
  return result.outputFiles;
}

function measure(name, bytes) {
  const gzip = gzipSync(bytes, { level: 9 }).length;
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
  console.log([name, bytes.length, gzip, brotli].join("\t"));
}
