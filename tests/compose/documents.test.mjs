// Every code block of the README and docs/ compiles under the strictest options, against the packed package and the libraries.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { complaints, projectFor, TESTS, withEverything } from "../runtimes/compiler.mjs";
import { recipesOf } from "./recipes.mjs";

/** Declarations of the names that blocks of the README use without defining them. */
const KNOWN = {
  createRefresher: 'import { createRefresher } from "oauth-refresher";',
  refresher: 'declare const refresher: import("oauth-refresher").Refresher;',
};

/** Declarations of frameworks that are not installed. */
const GIVEN = { "docs/login.md": [join(TESTS, "compose/frameworks.d.ts")] };

/** What is about libraries that tests/mcp or tests/recipes installs is compiled there; rust.md is a doc test (src/lib.rs). */
const ELSEWHERE = [
  "mcp.md",
  "command-line.md",
  "frameworks.md",
  "rust.md",
  "architecture.md",
  "peers.md",
  "platforms.md",
  "size.md",
];
const documents = [
  "README.md",
  ...readdirSync(join(TESTS, "../docs"))
    .filter((name) => !ELSEWHERE.includes(name))
    .map((name) => `docs/${name}`),
];

for (const document of documents)
  test(`every block of code in ${document} compiles`, () => {
    const files = {};
    for (const [name, code] of Object.entries(recipesOf(document)))
      files[`${document.replace(/\W/g, "-")}/${name}`] = document === "README.md" ? completed(code) : code;
    assert.ok(Object.keys(files).length >= 2, "the document has code blocks");
    assert.deepEqual(complaints(projectFor(document), GIVEN[document] ?? [], files), []);
  });

test("the protocol in docs/architecture.md compiles with the imports of the file that it is generated from", () => {
  const [protocol] = Object.values(recipesOf("docs/architecture.md"));
  const door = readFileSync(join(TESTS, "../pkg-template/lib/door.d.ts"), "utf8");
  const [imports] = /^import type [^;]*;/m.exec(door);
  const from = imports.replace('"../index.js"', '"oauth-refresher"');
  assert.deepEqual(complaints(withEverything, [], { "architecture/door.ts": `${from}\n${protocol}` }), []);
});

test("the tsconfig.json of docs/cloudflare.md compiles the Worker that stands beside it", () => {
  const text = readFileSync(join(TESTS, "../docs/cloudflare.md"), "utf8");
  const [, json] = /^```jsonc\n\/\/ tsconfig.json\n([^]*?)^```/m.exec(text);
  const { options, errors } = ts.convertCompilerOptionsFromJson(JSON.parse(json).compilerOptions, TESTS);
  assert.deepEqual(errors, []);
  const { "worker.ts": worker } = recipesOf("docs/cloudflare.md");
  assert.deepEqual(complaints(options, [], { "own-project/worker.ts": worker }), []);
});

test("a block that does not compile is found", () => {
  const [session] = Object.values(recipesOf("docs/fetch.md"));
  const files = {
    "wrong/session.ts": session,
    "wrong/1.ts": 'import { refresher } from "./session.js";\nrefresher.fetch();',
  };
  assert.match(complaints(withEverything, [], files).join(), /^wrong\/1\.ts:2 Expected 1-2 arguments/);
});

function completed(code) {
  const isGiven = (name) => new RegExp(`^(import .*|const )\\b${name}\\b`, "m").test(code);
  const needed = Object.keys(KNOWN).filter(
    (name) => new RegExp(`\\b${name}\\b`).test(code) && !isGiven(name),
  );
  return [...needed.map((name) => KNOWN[name]), "export {};", code].join("\n");
}
