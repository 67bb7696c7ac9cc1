// Every sub-path of the package, the way each kind of tool resolves it: by `exports` and its conditions, and by file names alone.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const unpacked = join(dirname(fileURLToPath(import.meta.url)), "../node_modules/oauth-refresher");
const manifest = JSON.parse(readFileSync(join(unpacked, "package.json"), "utf8"));
const modules = Object.entries(manifest.exports).filter(([, target]) => typeof target == "object");

/** Those that name modules of one platform: `node:` and `cloudflare:` are no packages that a bundler for the web finds. */
const PLATFORM = { "./storage/node": /^node:/, "./cloudflare": /^cloudflare:|\.wasm$/ };

for (const [subPath, { default: target }] of modules)
  test(`${subPath} is the same module where exports is not read`, async () => {
    assert.deepEqual(await exported(byFileNames(subPath)), await exported(join(unpacked, target)));
  });

for (const [subPath, { types }] of modules)
  test(`${subPath} has its declarations where a TypeScript that reads no exports looks for them`, () => {
    byFileNames(subPath === "." ? types : subPath, ["", ".d.ts", "/index.d.ts"]);
  });

for (const [subPath, { default: target }] of modules)
  test(`${subPath} imports no module that only another platform has`, async () => {
    const { metafile } = await bundle(join(unpacked, target));
    const imported = Object.values(metafile.inputs).flatMap(({ imports }) => imports);
    const foreign = imported.filter(({ external, path }) => external || path.endsWith(".wasm"));
    const allowed = PLATFORM[subPath] ?? /^$/;
    assert.deepEqual(
      foreign.map(({ path }) => path).filter((path) => !allowed.test(path)),
      [],
    );
  });

for (const condition of ["workerd", "browser", "node"])
  for (const [subPath, targets] of modules.filter(([, targets]) => targets[condition]))
    test(`${subPath} exports the same names under the condition ${condition}`, async () => {
      const names = await exported(join(unpacked, targets.default));
      assert.deepEqual(await exported(join(unpacked, targets[condition])), names);
    });

/** As CommonJS finds a file: that name, with an extension, or a folder's index. `main` is the package's own. */
function byFileNames(subPath, endings = [".js", "/index.js"]) {
  if (subPath === ".") return join(unpacked, manifest.main);
  const paths = endings.map((ending) => join(unpacked, subPath + ending));
  return paths.find((path) => existsSync(path)) ?? assert.fail(`${subPath}: none of ${endings.join(", ")}`);
}

async function exported(path) {
  const { metafile } = await bundle(path);
  const [{ exports }] = Object.values(metafile.outputs).filter(({ entryPoint }) => entryPoint);
  return exports.sort();
}

/** Everything that is not in the package is left as an import. */
function bundle(entry) {
  const external = {
    name: "external",
    setup: (bundler) =>
      bundler.onResolve({ filter: /^[^.]|\.wasm$/ }, ({ path, kind }) =>
        kind === "entry-point" ? null : { path, external: true },
      ),
  };
  return build({
    entryPoints: [entry],
    outdir: "bundle",
    plugins: [external],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    logLevel: "silent",
  });
}
