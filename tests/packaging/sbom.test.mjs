// What `cargo xtask sbom` writes for a release is CycloneDX by the schema of its version, and names the crates that are in the package.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { fromPypi } from "./from-pypi.mjs";

const CHECKOUT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const FOLDER = join(CHECKOUT, "target/sbom");
const LIBRARY = "cyclonedx-python-lib[json-validation]==11.12.0";
const LIMIT_MS = 120_000;
/** Prints the first fault by the schema, strictly: no member that the schema does not have. */
const VALIDATES = `
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())
print("" if fault is None else str(fault).splitlines()[0])
`;

const run = promisify(execFile);
const options = { cwd: CHECKOUT, timeout: LIMIT_MS };
const programs = await fromPypi("cyclonedx-11.12.0", LIBRARY, "jsonschema");
await run("cargo", ["xtask", "sbom"], options);

for (const name of ["npm", "crate"])
  test(
    `the SBOM of the ${name} is CycloneDX 1.6`,
    { skip: !programs && "neither Python nor its registry" },
    async () => assert.equal(await faultIn(join(CHECKOUT, `dist/oauth-refresher.${name}.cdx.json`)), ""),
  );

test(
  "a component of an unknown type is found",
  { skip: !programs && "neither Python nor its registry" },
  async () => {
    const wrong = { ...(await sbom("npm")), components: [{ type: "librari", name: "x" }] };
    await mkdir(FOLDER, { recursive: true });
    await writeFile(join(FOLDER, "wrong.cdx.json"), JSON.stringify(wrong));
    assert.match(await faultIn(join(FOLDER, "wrong.cdx.json")), /'librari' is not one of/);
  },
);

test("the SBOM of the npm package names wasm-bindgen, whose glue is in it, in the version that is locked", async () => {
  const { metadata, components } = await sbom("npm");
  const { version } = JSON.parse(await readFile(join(CHECKOUT, "pkg-template/package.json"), "utf8"));
  assert.equal(metadata.component.purl, `pkg:npm/oauth-refresher@${version}`);
  const lock = await readFile(join(CHECKOUT, "Cargo.lock"), "utf8");
  const [, locked] = /name = "wasm-bindgen"\nversion = "(.+)"/.exec(lock);
  assert.ok(components.some(({ purl }) => purl === `pkg:cargo/wasm-bindgen@${locked}`));
});

const sbom = async (name) =>
  JSON.parse(await readFile(join(CHECKOUT, `dist/oauth-refresher.${name}.cdx.json`), "utf8"));

async function faultIn(path) {
  const { stdout } = await run(join(programs, "python"), ["-c", VALIDATES, path], options);
  return stdout.trim();
}
