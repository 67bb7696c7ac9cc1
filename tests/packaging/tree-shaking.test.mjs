// What an application pays for each export, and that what it does not use costs nothing, through a library that re-exports too.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";

const unpacked = join(dirname(fileURLToPath(import.meta.url)), "../node_modules/oauth-refresher");
const { exports } = JSON.parse(readFileSync(join(unpacked, "package.json"), "utf8"));
const subPaths = Object.entries(exports)
  .filter(([, target]) => typeof target === "object")
  .map(([name]) => name.replace(".", "oauth-refresher"));

for (const subPath of subPaths)
  test(`an import of ${subPath} of which nothing is used is no byte`, async () => {
    assert.equal(await bundled(`import ${JSON.stringify(subPath)};`), "");
    assert.equal(await bundled(`import * as unused from ${JSON.stringify(subPath)};`), "");
    assert.equal(await bundled(`import type { TokenSet } from ${JSON.stringify(subPath)};`), "");
  });

test("a library that re-exports the package adds what the application uses and nothing else", async () => {
  const direct = await bundled('export { createRefresher } from "oauth-refresher/inline";');
  const library =
    'export * from "oauth-refresher/inline"; export * as providers from "oauth-refresher/providers";';
  const through = await bundled('export { createRefresher } from "library";', library);
  assert.equal(through.length, direct.length);
});

test("each export has a price", async (context) => {
  const rows = [];
  for (const subPath of subPaths) {
    const names = Object.keys(await import(subPath).catch(() => ({})));
    // Sixty providers are one kind.
    const priced = subPath.endsWith("/providers") ? ["google", "go1"] : names;
    for (const name of priced) {
      const code = await bundled(`export { ${name} } from ${JSON.stringify(subPath)};`);
      assert.ok(code.length > 0, `${subPath}: ${name}`);
      rows.push(`${subPath}: ${name}: ${code.length} bytes, ${brotliCompressSync(code).length} with brotli`);
    }
  }
  assert.ok(rows.length > 20);
  rows.forEach((row) => context.diagnostic(row));
});

async function bundled(contents, library = "") {
  const plugin = {
    name: "library",
    setup(bundler) {
      bundler.onResolve({ filter: /^library$/ }, () => ({ path: "library", namespace: "library" }));
      bundler.onLoad({ filter: /.*/, namespace: "library" }, () => ({
        contents: library,
        resolveDir: unpacked,
      }));
    },
  };
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: unpacked, loader: "ts" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    plugins: [plugin],
    external: ["node:*", "cloudflare:*", "*.wasm"],
    logLevel: "silent",
  });
  return outputFiles[0].text;
}
