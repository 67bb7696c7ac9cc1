// Writes what the package says about its presets: providers/*.d.ts and the table of docs/providers.md. A test compares.
// usage: node tests/providers/write.mjs

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import { BY_HAND, declaration, namesOf } from "./declarations.mjs";
import { withTable } from "./page.mjs";
import { refreshable, rows } from "./rows.mjs";

const root = new URL("../../", import.meta.url);
const config = {
  ...(await resolveConfig(".", { config: new URL("tests/.prettierrc.json", root) })),
  parser: "typescript",
};

/** The files, as they must be. */
export async function written() {
  const files = new Map();
  for (const row of refreshable)
    if (!BY_HAND.includes(row.id))
      files.set(`pkg-template/providers/types/${row.id}.d.ts`, await format(declaration(row), config));
  files.set("pkg-template/providers/index.d.ts", await format(index(), config));
  files.set("docs/providers.md", withTable(read("docs/providers.md"), rows));
  return files;
}

export const read = (name) => readFileSync(new URL(name, root), "utf8");

function index() {
  const lines = refreshable.map((row) => {
    const [name, ...others] = namesOf(row);
    const file = { "vault-ist": "vault" }[row.id] ?? row.id;
    return `export { ${[name, ...others.map((other) => `${name} as ${other}`)].join(", ")} } from "./types/${file}.js";`;
  });
  return [...lines, 'export type { ConfidentialClient } from "./types/go1.js";', ""].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [name, text] of await written()) writeFileSync(new URL(name, root), text);
