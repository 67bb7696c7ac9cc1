// Several processes of one user, with mcpSession, through what happens to processes: a short choice of the rows of scenarios.mjs. With
// --long all rows run, for the SDKs by themselves too, and the table in docs/mcp.md is written.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { columns } from "./rig.mjs";
import { scenarios } from "./scenarios.mjs";
import { cell, row, shown, write } from "./table.mjs";

const isLong = !!process.env.OAUTH_REFRESHER_LONG;
const ours = columns.filter(({ isOurs }) => isOurs);

if (!isLong)
  for (const [i, scenario] of scenarios.filter(({ isShort }) => isShort).entries())
    test(`${scenario.name}: ${claim(scenario)}`, { timeout: 120_000 }, async () => {
      check(scenario, await cell(scenario, ours[i % ours.length]));
    });

if (isLong)
  test("every row of the table", { timeout: 3_000_000 }, async (t) => {
    const rows = [];
    for (const scenario of scenarios)
      await t.test(`${scenario.name}: ${claim(scenario)}`, async (t) => {
        const cells = await row(scenario);
        rows.push([scenario, cells]);
        t.diagnostic(`${scenario.name}: ${cells.map(shown).join(" | ")}`);
        columns.forEach((column, i) => column.isOurs && check(scenario, cells[i]));
      });
    write(rows);
  });

function claim({ most }) {
  const words = { failed: "failed calls", logins: "logins", secondUses: "second uses of a refresh token" };
  return Object.entries(most)
    .map(([name, count]) => `at most ${count} ${words[name]}`)
    .join(", ");
}

function check({ most }, figures) {
  assert.ok(figures.calls > 0, JSON.stringify(figures));
  for (const [name, count] of Object.entries(most))
    assert.ok(figures[name] <= count, `${name}: ${figures[name]}, not ${count}: ${JSON.stringify(figures)}`);
}
