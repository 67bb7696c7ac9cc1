// Searches for an order of the symbols that brotli compresses better, and writes it to order.txt: swaps two of the frequent symbols, and
// keeps what is shorter. What counts is the whole file as esbuild writes it: esbuild chooses its short names by how often each character
// stands in the code, texts included, so that another order changes the names as well (60 bytes either way). A symbol with its operand in itself is taken up by a line of its own in order.txt.
// usage: cargo xtask pack && node order.mjs <lib/core-bytes.js of the package> <minutes>

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { brotliCompressSync } from "node:zlib";

const { build } = createRequire(new URL("../../../tests/", import.meta.url))("esbuild");

const [path, minutes] = process.argv.slice(2);
const code = readFileSync(path, "utf8");
const texts = code
  .slice(code.indexOf("const texts"))
  .split("\n")
  .slice(1, -2)
  .map((line) => line.trim().slice(1, -2));
const [DIGITS, LAST, ZERO] = [92, 64, "|".charCodeAt(0)];

const table = numbers(texts[0]);
const symbols = [];
for (let at = 0; at < table.length; at += table[at + 1] + 2)
  symbols.push([table[at], table.slice(at + 2, at + 2 + table[at + 1])]);
const instructions = numbers(texts[1]).map((place) => symbols[place]);
const counts = new Map(
  symbols.map((symbol) => [symbol, instructions.filter((one) => one === symbol).length]),
);

let order = symbols;
let best = await size(order);
const first = best;
const end = Date.now() + minutes * 60_000;
while (Date.now() < end) {
  const [one, other] = [Math.random() ** 2 * 50, Math.random() * 70].map(Math.floor);
  const swapped = [...order];
  [swapped[one], swapped[other]] = [order[other], order[one]];
  const bytes = await size(swapped);
  if (bytes > best) continue;
  if (bytes < best) console.log(`${bytes} bytes (${bytes - first})`);
  [order, best] = [swapped, bytes];
}
const lines = order
  .filter((symbol) => counts.get(symbol))
  .map(([kind, bytes]) => `${kind} ${Buffer.from(bytes).toString("hex")}\n`);
writeFileSync(new URL("order.txt", import.meta.url), lines.join(""));

/** Bytes of `default import, one file` in `cargo xtask size`. */
async function size(order) {
  const characters = new Map(order.map((symbol, place) => [symbol, encoded(place)]));
  const table = order.map(([kind, bytes]) => [kind, bytes.length, ...bytes].map(encoded).join("")).join("");
  const contents = code
    .replace(texts[0], () => table)
    .replace(texts[1], () => instructions.map((symbol) => characters.get(symbol)).join(""));
  const plugin = {
    name: "another order",
    setup: (bundler) => bundler.onLoad({ filter: /core-bytes\.js$/ }, () => ({ contents })),
  };
  const { outputFiles } = await build({
    stdin: {
      contents: 'export { createRefresher } from "./inline.js"',
      resolveDir: resolve(path, "../../entry"),
    },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    plugins: [plugin],
  });
  return brotliCompressSync(outputFiles[0].contents).length;
}

function numbers(text) {
  const all = [];
  let number = 0;
  for (const character of text) {
    const digit = ((character === "!" ? "\\" : character).charCodeAt(0) + DIGITS - ZERO) % DIGITS;
    number = digit < LAST ? number * LAST + digit : number * (DIGITS - LAST) + digit - LAST;
    if (digit >= LAST) continue;
    all.push(number);
    number = 0;
  }
  return all;
}

/** Two digits at most. */
function encoded(number) {
  const first = Math.floor(number / LAST);
  return (first ? digit(LAST + first) : "") + digit(number % LAST);
}

function digit(value) {
  const code = ZERO + value > 126 ? ZERO + value - DIGITS : ZERO + value;
  return code === 92 ? "!" : String.fromCharCode(code);
}
