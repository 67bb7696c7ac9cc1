// Processes on one file that stall, die, sleep and lose their disk: the short rows of the table, and all of it with --long.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { play, scenarios } from "./scenarios.mjs";

const LONG = !!process.env.OAUTH_REFRESHER_LONG;

describe("chaos", { concurrency: true }, () => {
  for (const scenario of scenarios.filter(({ short }) => LONG || short)) {
    const { name } = scenario;
    test(`${name} loses no session that a client could have saved`, async (t) => {
      const { skipped, ...row } = await play(scenario, LONG);
      if (skipped) return t.skip(skipped);
      t.diagnostic(JSON.stringify(row));
      assert.equal(row.savable, 0);
      assert.ok(row.rotations >= 2, "the session goes on");
      // a token is sent a second time only as the last probe for a reply that died with its process
      assert.equal(row.secondUses, row.lost);
    });
  }
});
