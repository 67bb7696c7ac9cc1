// `oauth-refresher/js` behaves like the default import: the tests for Node run again on the entry without WebAssembly.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const SUITES = fileURLToPath(new URL("../node/", import.meta.url));
const LIMIT_MS = 300_000;

/** The files that cover most of the core. */
const ALWAYS = [
  "callers",
  "error",
  "failing-storages",
  "locks",
  "patience",
  "refresh",
  "replies",
  "sharing",
  "time",
];
/** Files about WebAssembly itself, other processes, or this project's texts. */
const NEVER = ["engine", "guarantees", "processes", "readme"];

const all = readdirSync(SUITES).flatMap((file) => /^(.+)\.test\.mjs$/.exec(file)?.[1] ?? []);
const chosen = process.env.OAUTH_REFRESHER_LONG ? all.filter((name) => !NEVER.includes(name)) : ALWAYS;

for (const name of chosen)
  test(`the suite ${name} passes without WebAssembly`, { timeout: LIMIT_MS }, async () => {
    const { passed, failed, output } = await run(`${SUITES}${name}.test.mjs`);
    assert.equal(failed, 0, output);
    assert.ok(passed > 3, output);
  });

async function run(file) {
  const hook = new URL("js-entry.mjs", import.meta.url);
  const child = spawn(process.execPath, ["--import", hook.href, "--test", "--test-reporter=tap", file], {
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  for await (const chunk of child.stdout) output += chunk;
  const count = (word) => Number(new RegExp(`^# ${word} (\\d+)$`, "m").exec(output)?.[1]);
  return { passed: count("pass"), failed: count("fail"), output: output.slice(-4000) };
}
