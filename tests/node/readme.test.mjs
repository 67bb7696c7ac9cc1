// What docs/testing.md and the declarations show of `oauth-refresher/testing` is run as it stands there.
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

test("the tests in the documentation pass", async () => {
  const [example] = examples("docs/testing.md").filter((code) => code.includes("node:test"));
  const { code, stdout } = await run(example, ["--test-reporter=tap"]);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^# pass 2$/m);
});

test("the example of the declarations says what its comments say", async () => {
  const [example] = examples("testing/index.d.ts");
  const { code, stdout } = await run(example);
  assert.equal(code, 0, stdout);
  const promised = [...example.matchAll(/console\.log\(.*\/\/ (.*)$/gm)].map(([, said]) => said);
  assert.deepEqual(stdout.trim().split("\n"), promised);
});

test("what the documentation shows of an outage runs", async () => {
  const [, example] = examples("docs/testing.md");
  const { code, stdout } = await run(example);
  assert.equal(code, 0, stdout);
});

test("the README has 150 lines at most and every page that it names is in the package", () => {
  const readme = readFileSync(join(PACKAGE, "README.md"), "utf8");
  assert.ok(readme.split("\n").length <= 150);
  for (const [, page] of readme.matchAll(/\]\((docs\/[\w-]+\.md)\)/g))
    assert.ok(readFileSync(join(PACKAGE, page), "utf8").startsWith("# "), page);
});

test("every fault of the declarations is in the documentation", () => {
  const [, faults] = readFileSync(join(PACKAGE, "testing/index.d.ts"), "utf8").match(/type Fault =([^;]*);/);
  const page = readFileSync(join(PACKAGE, "docs/testing.md"), "utf8");
  for (const [, fault] of faults.matchAll(/"(.+)"/g)) assert.ok(page.includes(`\`${fault}\``), fault);
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
