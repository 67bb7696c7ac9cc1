// The contents of the tarball: exactly the files of files.txt, without paths of the machine that built them.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const here = dirname(fileURLToPath(import.meta.url));
const checkout = join(here, "../..");
const tarball = join(checkout, "dist/oauth-refresher.tgz");
const unpacked = join(here, "../node_modules/oauth-refresher");
const manifest = JSON.parse(readFileSync(join(unpacked, "package.json"), "utf8"));
const files = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" })
  .split("\n")
  .filter(Boolean)
  .map((name) => name.replace(/^package\//, ""))
  .sort();

test("the tarball holds exactly the files of files.txt", () => {
  const agreed = readFileSync(join(here, "files.txt"), "utf8").split("\n").filter(Boolean).sort();
  assert.deepEqual(files, agreed);
});

test("no file names the machine it was built on, or a source map that is not there", () => {
  for (const name of files) {
    const text = readFileSync(join(unpacked, name), "latin1");
    for (const trace of [checkout, `${homedir()}/`, "sourceMappingURL"]) {
      assert.ok(!text.includes(trace), `${name} contains ${trace}`);
    }
  }
});

test("the package depends on nothing and runs nothing when it is installed", () => {
  for (const key of [
    "dependencies",
    "peerDependencies",
    "optionalDependencies",
    "bundledDependencies",
    "scripts",
  ]) {
    assert.equal(manifest[key], undefined, key);
  }
});

test("every target of exports is in the tarball", () => {
  for (const target of targets(manifest.exports)) {
    assert.ok(files.includes(target.replace("./", "")), `${target} is missing`);
  }
});

test("the core imports one function and is the same module inlined and as a file", async () => {
  const bytes = readFileSync(join(unpacked, "core.wasm"));
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
  assert.equal(imports.length, 1);
  assert.match(imports[0].name, /^__wbg___wbindgen_throw_/);
  const { default: inlined } = await import(join(unpacked, "lib/core-bytes.js"));
  assert.ok(bytes.equals(inlined()));
  const { default: base64 } = await import(join(unpacked, "lib/core-base64.js"));
  assert.equal(base64, bytes.toString("base64"));
});

test("the default import holds no code that signs", async () => {
  const contents = 'export * from "oauth-refresher"';
  const { metafile } = await build({
    stdin: { contents, resolveDir: unpacked },
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    logLevel: "silent",
  });
  const inputs = Object.keys(metafile.inputs).map((input) => input.split("oauth-refresher/").at(-1));
  assert.ok(inputs.includes("lib/request.js"), String(inputs));
  const signing = inputs.filter((input) => /^(client-auth|dpop)\/|jws|skews/.test(input));
  assert.deepEqual(signing, []);
});

test("publint finds nothing to say", async () => {
  const { messages } = await publint({ pkgDir: unpacked, pack: false, strict: true });
  assert.deepEqual(
    messages.map((message) => formatMessage(message, manifest)),
    [],
  );
});

test("TypeScript finds the declarations of every entry", () => {
  const script = join(here, "../node_modules/@arethetypeswrong/cli/dist/index.js");
  const rules = ["--profile", "esm-only", "--exclude-entrypoints", "core.wasm", "package.json"];
  const asked = spawnSync(process.execPath, [script, tarball, ...rules, "--format", "ascii", "--no-color"], {
    encoding: "utf8",
  });
  assert.equal(asked.status, 0, asked.stdout + asked.stderr);
});

function targets(entry) {
  return typeof entry === "string" ? [entry] : Object.values(entry).flatMap(targets);
}
