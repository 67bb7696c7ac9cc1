// An application with zone.js is stable while a session waits for its next refresh. Angular's build lowers async functions, so that a
// zone is kept over an await.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";

for (const [name, supported] of Object.entries({
  "as they are": {},
  "lowered, as Angular does": { "async-await": false },
}))
  test(`no timer is begun in Angular's zone, with async functions ${name}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "oauth-refresher-zone-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const outfile = join(folder, "app.cjs");
    await build({
      entryPoints: [fileURLToPath(new URL("zone-app.mjs", import.meta.url))],
      outfile,
      bundle: true,
      format: "cjs",
      platform: "node",
      supported,
    });
    const { stdout } = await promisify(execFile)(process.execPath, [outfile], { timeout: 30_000 });
    const { "another zone": other, ...zones } = JSON.parse(stdout);
    assert.deepEqual(zones, {
      "made in the zone": { begun: [], requests: 1 },
      "made outside": { begun: [], requests: 1 },
    });
    assert.deepEqual(other, { maker: true, caller: [] });
  });
