// Ten thousand sessions in one process: which resources they share, and which each has.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const SESSIONS = 10_000;
const PROGRAM = fileURLToPath(new URL("many-sessions.mjs", import.meta.url));

test("ten thousand refreshers share one module and one instance, and each has one timer that wakes it", () => {
  const said = execFileSync(process.execPath, [PROGRAM, String(SESSIONS)], { encoding: "utf8" });
  const atRest = { armed: SESSIONS, keepingAlive: 0 };
  assert.deepEqual(JSON.parse(said), {
    made: { modules: 1, instances: 1 },
    rested: atRest,
    refreshed: SESSIONS,
    restedAgain: atRest,
    closed: { armed: 0, keepingAlive: 0 },
  });
});
