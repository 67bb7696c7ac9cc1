// The packed package as one script, for the tests in WebAssembly: a page and Node take it alike.
// usage: node bundle.mjs <file to write>

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

await build({
  stdin: {
    contents: 'export { createRefresher } from "oauth-refresher"',
    resolveDir: dirname(fileURLToPath(import.meta.url)),
  },
  bundle: true,
  format: "iife",
  globalName: "oauthRefresher",
  platform: "browser",
  target: "es2022",
  logLevel: "error",
  outfile: process.argv[2],
});
