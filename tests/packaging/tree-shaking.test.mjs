// What an application pays for each export, and that what it does not use costs nothing, through a library that re-exports too.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";
import { NAMES } from "./types/contract.mjs";

const PAGE = new URL("../../docs/builds.md", import.meta.url);
const HEADING = "## What each export costs";
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

test("docs/builds.md has the price of each export", async (context) => {
  const rows = [];
  for (const subPath of subPaths) {
    const names = await import(subPath).then(Object.keys, () => NAMES[subPath].values);
    // Sixty providers are one kind.
    const priced = subPath.endsWith("/providers") ? ["go1", "google"] : names;
    for (const name of priced) {
      const code = await bundled(`export { ${name} } from ${JSON.stringify(subPath)};`);
      assert.ok(code.length > 0, `${subPath}: ${name}`);
      rows.push({ subPath, name, bytes: code.length, brotli: brotliCompressSync(code).length });
    }
  }
  assert.ok(rows.length > 20);
  for (const { subPath, name, bytes, brotli } of rows)
    context.diagnostic(`${subPath}: ${name}: ${bytes} bytes, ${brotli} with brotli`);
  if (process.env.OAUTH_REFRESHER_LONG) writeFileSync(PAGE, withTable(readFileSync(PAGE, "utf8"), rows));
  const page = readFileSync(PAGE, "utf8");
  for (const { subPath, name, brotli } of rows) {
    const [, said] =
      new RegExp(`\\| \`${subPath}\` \\| \`${name}\` \\| [\\d,]+ \\| ([\\d,]+) \\|`).exec(page) ?? [];
    assert.ok(said, `${subPath}: ${name} is not in docs/builds.md: run cargo xtask test --long packaging`);
    const difference = Math.abs(Number(said.replace(",", "")) - brotli);
    assert.ok(difference < 200 + brotli / 20, `${subPath}: ${name} has ${brotli} bytes, not ${said}`);
  }
});

/** The page with the table at its end. */
function withTable(page, rows) {
  const number = (bytes) => bytes.toLocaleString("en-US");
  const lines = rows.map(
    ({ subPath, name, bytes, brotli }) =>
      `| \`${subPath}\` | \`${name}\` | ${number(bytes)} | ${number(brotli)} |`,
  );
  return `${page.split(`\n${HEADING}\n`)[0]}
${HEADING}

Size of an application that imports one export and nothing else, bundled to one file and minified by esbuild, without and with brotli.
An unused import costs nothing, even through a library that re-exports it. Each \`createRefresher\` except that of \`/slim\` includes the core.
Exports of one sub-path share most of their bytes. \`cargo xtask test --long packaging\` writes this table.

| import | export | bytes | brotli |
|---|---|---:|---:|
${lines.join("\n")}
`;
}

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
