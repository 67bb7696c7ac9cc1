// Generates the declarations of the presets (providers/types/*.d.ts, providers/index.d.ts) and the table of docs/providers.md.
// usage: node pkg-template/providers/source/generate.mjs <folder>; `cargo xtask generate` and `cargo xtask build` run it.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BY_HAND, declaration, namesOf } from "./declarations.mjs";
import { refreshable, rows } from "./rows.mjs";
import { withTable } from "./table.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const { format, resolveConfig } = createRequire(join(root, "tests/package.json"))("prettier");
const config = {
  ...(await resolveConfig(root, { config: join(root, "tests/.prettierrc.json") })),
  parser: "typescript",
};

const [folder] = process.argv.slice(2);
if (!folder) throw new Error("usage: node generate.mjs <folder>");
for (const [name, text] of await generated()) {
  if (/undefined|NaN|\[object/.test(text)) throw new Error(`${name}: a value is missing in its row`);
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** The generated files by their path in the project. */
async function generated() {
  const files = new Map();
  for (const row of refreshable)
    if (!BY_HAND.includes(row.id))
      files.set(`pkg-template/providers/types/${row.id}.d.ts`, await format(declaration(row), config));
  files.set("pkg-template/providers/index.d.ts", await format(index(), config));
  const page = readFileSync(join(root, "docs/providers.md"), "utf8");
  files.set("docs/providers.md", withTable(page, rows));
  return files;
}

function index() {
  const lines = refreshable.map((row) => {
    const [name, ...others] = namesOf(row);
    const file = { "vault-ist": "vault" }[row.id] ?? row.id;
    return `export { ${[name, ...others.map((other) => `${name} as ${other}`)].join(", ")} } from "./types/${file}.js";`;
  });
  return [...lines, 'export type { ConfidentialClient } from "./types/go1.js";', ""].join("\n");
}
