// mcpSession's types fit both SDKs, and so does every block of code in the documents that are about them.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { recipesOf } from "../compose/recipes.mjs";
import { complaints, TESTS, withEverything } from "../runtimes/compiler.mjs";

test("what mcpSession takes and gives fits SDK 1 and SDK 2", () => {
  assert.deepEqual(complaints(withEverything, [join(TESTS, "mcp/types.ts")]), []);
});

for (const document of ["docs/mcp.md", "docs/command-line.md"])
  test(`every block of code in ${document} compiles`, () => {
    const files = {};
    for (const [name, code] of Object.entries(recipesOf(document)))
      files[`mcp/${document.replace(/\W/g, "-")}/${name}`] = code;
    assert.ok(Object.keys(files).length >= 2, "the blocks are where they are looked for");
    assert.deepEqual(complaints(withEverything, [], files), []);
  });
