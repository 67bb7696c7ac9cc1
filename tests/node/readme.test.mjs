// What the README and the declarations show of `oauth-refresher/testing` is run as it stands there.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { heard } from "../leaks/search.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const PACKAGE = dirname(createRequire(import.meta.url).resolve("oauth-refresher/package.json"));

test("the tests in the README pass", async () => {
  const [example] = examples("README.md").filter((code) => code.includes("node:test"));
  const { code, stdout } = await run(example, ["--test-reporter=tap"]);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^# pass 2$/m);
});

test("the example of the declarations prints what its comments say", async () => {
  const [example] = examples("testing/index.d.ts");
  const { code, stdout } = await run(example);
  assert.equal(code, 0, stdout);
  const promised = [...example.matchAll(/console\.log\(.*\/\/ (.*)$/gm)].map(([, said]) => said);
  assert.deepEqual(stdout.trim().split("\n"), promised);
});

test("every fault of the declarations is in the README", () => {
  const [, faults] = readFileSync(join(PACKAGE, "testing/index.d.ts"), "utf8").match(/type Fault =([^;]*);/);
  const readme = readFileSync(join(PACKAGE, "README.md"), "utf8");
  for (const [, fault] of faults.matchAll(/"(.+)"/g)) assert.ok(readme.includes(`\`${fault}\``), fault);
});

const examples = (name) =>
  [
    ...readFileSync(join(PACKAGE, name), "utf8")
      .replace(/^\s*\* ?/gm, "")
      .matchAll(/^```(?:ts|js)\n([^]*?)^```/gm),
  ].map(([, code]) => code);

/** As a program beside the tests, which have the package installed. */
const run = (code, flags = []) =>
  new Promise((resolve) => {
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
    const given = [...flags, "--input-type=module", "--eval", code];
    execFile(process.execPath, given, { cwd: HERE, env }, (error, stdout, stderr) => {
      heard("the output of an example", stdout + stderr);
      resolve({ code: error ? error.code : 0, stdout });
    });
  });
