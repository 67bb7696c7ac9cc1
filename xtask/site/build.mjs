// The documentation as a site: the pages of docs/, what index.d.ts declares (typedoc), and what rustdoc wrote.
//
//   node build.mjs                 builds target/docs/
//   node build.mjs --serve [port]  … and serves it on loopback

import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Application } from "typedoc";
import { build, serve } from "vitepress";

const SITE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAGES = join(SITE, "pages"); // below node_modules' folder, where vite looks for vue
const PACKAGE = join(ROOT, "dist/package");
const OUTPUT = join(ROOT, "target/docs");
const RUSTDOC = join(ROOT, "target/site/rust/doc");
const REPOSITORY = "https://github.com/oauth-refresher/oauth-refresher/blob/main";

await rm(PAGES, { recursive: true, force: true });
await mkdir(PAGES, { recursive: true });
await pages();
await declarations();
await build(SITE, { outDir: OUTPUT });
await cp(RUSTDOC, join(OUTPUT, "rust"), { recursive: true });

const [flag, port = "4173"] = process.argv.slice(2);
if (flag === "--serve") await serve({ root: SITE, port: Number(port) });

/** The README is the start page; its links to docs/ are pages of the site. */
async function pages() {
  const start = await readFile(join(ROOT, "README.md"), "utf8");
  await writeFile(
    join(PAGES, "index.md"),
    start.replaceAll("](docs/", "](").replaceAll(`${REPOSITORY}/SECURITY.md`, "policy.md"),
  );
  for (const name of await readdir(join(ROOT, "docs"))) {
    const text = await readFile(join(ROOT, "docs", name), "utf8");
    await writeFile(join(PAGES, name), asPage(text));
  }
  await writeFile(join(PAGES, "changelog.md"), asPage(await readFile(join(ROOT, "CHANGELOG.md"), "utf8")));
  await writeFile(join(PAGES, "policy.md"), asPage(await readFile(join(ROOT, "SECURITY.md"), "utf8")));
}

/** What leaves docs/ is in the repository. `{{` is no template here. */
function asPage(text) {
  return text.replace(/\]\(\.\.\/(?!docs\/)([^)]+)\)/g, `](${REPOSITORY}/$1)`).replaceAll("](../docs/", "](");
}

/** One page for each import path of the package that has declarations. */
async function declarations() {
  const { exports } = JSON.parse(await readFile(join(PACKAGE, "package.json"), "utf8"));
  const entryPoints = Object.values(exports)
    .map((target) => target.types)
    .filter((types, index, all) => types && all.indexOf(types) === index)
    .map((types) => join(PACKAGE, types));
  const compilerOptions = {
    module: "nodenext",
    target: "es2022",
    lib: ["es2022", "dom", "esnext.disposable"],
    skipLibCheck: true,
    types: [],
  };
  const tsconfig = join(ROOT, "target/site/tsconfig.json");
  await writeFile(tsconfig, JSON.stringify({ compilerOptions, files: entryPoints }));
  const application = await Application.bootstrapWithPlugins({
    plugin: [createRequire(import.meta.url).resolve("typedoc-plugin-markdown")],
    name: "Declarations",
    basePath: PACKAGE,
    entryPoints,
    tsconfig,
    out: join(PAGES, "api"),
    readme: "none",
    entryFileName: "index",
    router: "module", // one page for each import path
    disableSources: true,
    hideBreadcrumbs: true,
    skipErrorChecking: true, // tsc has checked them, with the types of every platform
    excludeExternals: true,
    sanitizeComments: true,
    useCodeBlocks: true,
    expandParameters: true,
    parametersFormat: "htmlTable",
    logLevel: "Error",
  });
  const project = await application.convert();
  if (!project) throw new Error("typedoc understands the declarations no more");
  await application.generateOutputs(project);
}
