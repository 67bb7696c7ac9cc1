// Extracts the code blocks of the documentation, so that tests run the same text. Not a test by itself.

import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { transform } from "esbuild";
import { blocks, TESTS } from "../runtimes/compiler.mjs";

// Below node_modules, which git and prettier ignore and where the packages resolve.
const WRITTEN = join(TESTS, "node_modules/.recipes");

/** Modules that the recipes import and that a reader generates. */
const COMPANIONS = { "schema.ts": readFileSync(join(TESTS, "compose/schema.ts"), "utf8") };

/** The blocks of a document, by the file names in their first lines, else by number: { "session.ts": text, "2.ts": text }. */
export function recipesOf(document) {
  const code = blocks(readFileSync(join(TESTS, "..", document), "utf8"));
  const named = code.map((text, i) => [/^\/\/ ([\w-]+\.ts)\n/.exec(text)?.[1] ?? `${i + 1}.ts`, text]);
  return { ...Object.fromEntries(named), ...COMPANIONS };
}

/**
 * The recipes of a document as new modules, so that each call has its own session. `addresses` replaces the servers that they name.
 */
export async function openRecipes(addresses, document = "docs/fetch.md") {
  await mkdir(WRITTEN, { recursive: true });
  const folder = await mkdtemp(join(WRITTEN, "fetch-"));
  for (const [file, code] of Object.entries(recipesOf(document))) {
    const javascript = (await transform(code, { loader: "ts", target: "es2022" })).code;
    await writeFile(join(folder, file.replace(/ts$/, "js")), replaced(javascript, addresses));
  }
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  return {
    folder,
    load: (name) => import(pathToFileURL(join(folder, `${name}.js`)).href),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function replaced(code, addresses) {
  for (const [there, here] of Object.entries(addresses)) code = code.replaceAll(there, here);
  return code;
}
