// The packed tarball in each environment of the table: installed, built with the tool's defaults, run to a refresh and one request.
// With --long all rows, and docs/platforms.md is written; else the rows whose tools the tests have anyway. MATRIX=<words> chooses by name.

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { after, test } from "node:test";
import { startLoopback } from "./loopback.mjs";
import { closeChromium, coreOf } from "./places.mjs";
import { resultOf, write, written } from "./platforms.mjs";
import { laidOut, run } from "./project.mjs";
import { sources } from "./sources.mjs";
import { TABLE } from "./table.mjs";

const LONG = !!process.env.OAUTH_REFRESHER_LONG;
const CHOSEN = process.env.MATRIX?.toLowerCase();

after(closeChromium);
if (LONG && !CHOSEN) after(write);

const rows = TABLE.filter(({ name, short }) =>
  CHOSEN ? name.toLowerCase().includes(CHOSEN) : LONG || short,
);
for (const row of rows)
  test(row.name, { timeout: 900_000 }, async () => {
    const outcome = await outcomeOf(row);
    await mkdir(dirname(resultOf(row)), { recursive: true });
    await writeFile(resultOf(row), JSON.stringify(outcome, null, 2));
    for (const [subPath, said] of Object.entries(outcome)) {
      const expected = Object.entries(row.expected ?? {}).find(
        ([name]) => subPath === name || subPath.endsWith(`: ${name}`),
      );
      if (expected) assert.match(said, expected[1], subPath);
      else assert.doesNotMatch(said, /^failed/, `${subPath}: ${said}`);
    }
    assert.ok(Object.keys(outcome).length >= 1, "nothing was reported");
  });

test("docs/platforms.md has each row of the table", () => {
  const page = written();
  for (const { name } of TABLE) assert.ok(page.includes(`| ${name} |`), name);
});

async function outcomeOf(row) {
  const server = await startLoopback();
  try {
    const files = { ...sources(row, server.base), ...row.files?.(server.base) };
    const project = await laidOut({ fixtures: [], ...row, files });
    server.core = await coreOf(project.folder);
    if (row.build) await run(row.build, project);
    return await row.run({ project, server });
  } finally {
    await server.close();
  }
}
