// What the option `trace` costs a page that does not use it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";

const unpacked = join(dirname(fileURLToPath(import.meta.url)), "../node_modules/oauth-refresher");

test("a trace that is not used costs a page 100 bytes at most", async (context) => {
  const differences = [];
  for (let seed = 1; seed <= 30; seed++) {
    const entry = `export { createRefresher } from "oauth-refresher"; export const other = "${letters(seed)}";`;
    differences.push((await brotliBytes(entry, [])) - (await brotliBytes(entry, [withoutTrace])));
  }
  const mean = differences.reduce((sum, bytes) => sum + bytes) / differences.length;
  context.diagnostic(`${mean.toFixed(1)} bytes with brotli, mean of ${differences.length} minified builds`);
  assert.ok(mean > 30, `${mean} bytes: nothing was left out`);
  assert.ok(mean <= 100, `${mean} bytes`);
});

const withoutCore = {
  name: "without the core",
  setup(bundler) {
    bundler.onLoad({ filter: /core-bytes\.js$/ }, () => ({ contents: 'export default () => ""' }));
  },
};

/** What stands in the sources for the trace alone. */
const TRACE = {
  "driver.js": [
    [/this\.options\.trace\?\.\(\{.*?\n {6}\}\);/s, ""],
    [/window = \[0, 0, 0\]/g, "window = [0, 0]"],
    ["this.window = [from, until, generation]", "this.window = [from, until]"],
  ],
  "options.js": [['  trace: "a function",\n', ""]],
};

const withoutTrace = {
  name: "without the trace",
  setup(bundler) {
    bundler.onLoad({ filter: /lib\/(driver|options)\.js$/ }, ({ path }) => {
      let contents = readFileSync(path, "utf8");
      for (const [code, instead] of TRACE[path.split("/").at(-1)]) {
        assert.notEqual(contents.replace(code, instead), contents, `${path} has ${code}`);
        contents = contents.replace(code, instead);
      }
      return { contents };
    });
  },
};

async function brotliBytes(contents, plugins) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: unpacked },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    plugins: [withoutCore, ...plugins],
  });
  return brotliCompressSync(outputFiles[0].contents).length;
}

/**
 * esbuild chooses short names by how often each character stands in the code, and brotli's result differs by 60 bytes with the names. Other
 * letters beside the same code give other names: their mean is the cost.
 */
function letters(seed) {
  let text = "";
  let state = seed * 7919;
  for (let length = 0; length < 60; length++) {
    state = (state * 1103515245 + 12345) % 2147483648;
    text += String.fromCharCode(97 + Math.floor((state / 2147483648) ** 2 * 26));
  }
  return text;
}
