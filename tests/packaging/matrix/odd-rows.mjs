// The rows of other shapes of use: a library that is built on the package, package managers that link or zip, old targets, one file.

import { page, program } from "./places.mjs";
import { TARBALL } from "./project.mjs";
import { NODE, WEB } from "./sub-paths.mjs";
import { NODE_24, VITE, WEBPACK } from "./versions.mjs";

const json = (value) => JSON.stringify(value, null, 2);
const REPORTS = (library) =>
  `<!doctype html><script type="module">import { report } from "${library}"; report();</script>`;

export const ODD_ROWS = [
  {
    name: "Vite, a library, and the application that uses it",
    packages: VITE,
    subPaths: WEB,
    files: () => ({
      "vite.config.js": `export default { build: { lib: { entry: "src/app.js", formats: ["es"], fileName: "library" } } };`,
    }),
    build: "vite build",
    run: page({ html: REPORTS("/library.js") }),
  },
  {
    name: "vite-plugin-singlefile, one HTML file",
    packages: { ...VITE, "vite-plugin-singlefile": "2.3.4" },
    fixtures: ["vite"],
    subPaths: WEB,
    files: () => ({
      "vite.config.js": `import { viteSingleFile } from "vite-plugin-singlefile";\nexport default { plugins: [viteSingleFile()] };`,
    }),
    build: "vite build && rm -rf dist/assets",
    run: page({}),
  },
  {
    name: "webpack and Babel, everything to ES5",
    packages: {
      ...WEBPACK,
      "babel-loader": "10.1.1",
      "@babel/core": "7.29.0",
      "@babel/preset-env": "7.29.14",
    },
    subPaths: WEB,
    files: () => ({
      "build.cjs": `
const use = { loader: "babel-loader", options: { presets: [["@babel/preset-env", { targets: "ie 11" }]] } };
const rules = [{ test: /\\.js$/, use }];
const done = (failure, stats) => {
  console.log(failure || stats.toString());
  process.exitCode = Number(!!failure || stats.hasErrors());
};
require("webpack")({ mode: "production", target: ["web", "es5"], entry: "./src/main.js", module: { rules } }, done);
`,
    }),
    build: "node build.cjs",
    run: page({ script: "/main.js", isClassic: true }),
  },
  {
    name: "rsbuild",
    packages: { "@rsbuild/core": "2.3.2" },
    node: NODE_24,
    subPaths: WEB,
    files: () => ({
      "rsbuild.config.mjs": `export default { source: { entry: { index: "./src/main.js" } } };`,
    }),
    build: "rsbuild build",
    run: page({}),
  },
  {
    name: "Astro, a page's script",
    packages: { astro: "7.3.5" },
    node: NODE_24,
    subPaths: WEB,
    files: () => ({
      "src/pages/index.astro": `<html><body><script>import { report } from "../app.js"; report();</script></body></html>`,
    }),
    build: "ASTRO_TELEMETRY_DISABLED=1 astro build",
    run: page({}),
  },
  {
    name: "tsup, cjs",
    packages: { tsup: "9.0.0", typescript: "5.9.3" },
    node: NODE_24,
    subPaths: NODE,
    build: "tsup src/main.js --format cjs",
    run: program("node dist/main.cjs"),
  },
  {
    name: "TypeScript to CommonJS, moduleResolution node10",
    packages: { typescript: "5.9.3", "@types/node": "24.10.1" },
    manifest: { type: "commonjs" },
    subPaths: NODE,
    files: () => ({
      "tsconfig.json": json({
        compilerOptions: {
          module: "commonjs",
          moduleResolution: "node10",
          target: "es2022",
          allowJs: true,
          strict: false,
          rootDir: "src",
          outDir: "dist",
        },
        files: ["src/main.js"],
      }),
    }),
    build: "tsc",
    run: program("node dist/main.js"),
  },
  {
    name: "pnpm, a workspace whose library re-exports the package",
    packages: { pnpm: "12.4.2" },
    node: NODE_24,
    subPaths: NODE,
    files: () => ({
      "workspace/package.json": json({ private: true }),
      "workspace/pnpm-workspace.yaml": "packages: [packages/*]\n",
      "workspace/packages/library/package.json": json({
        name: "library",
        version: "1.0.0",
        type: "module",
        exports: "./index.js",
        dependencies: { "oauth-refresher": `file:${TARBALL}` },
      }),
      "workspace/packages/library/index.js": `export { report } from "./src/app.js";\n`,
      "workspace/packages/application/package.json": json({
        name: "application",
        type: "module",
        dependencies: { library: "workspace:*" },
      }),
      "workspace/packages/application/main.js": `import { report } from "library";\nreport();\n`,
    }),
    build:
      "cp -r src workspace/packages/library/ && cd workspace && pnpm install --offline --ignore-scripts --store-dir .store",
    run: program("cd workspace/packages/application && node main.js"),
  },
  {
    name: "Yarn, Plug'n'Play",
    packages: { "@yarnpkg/cli-dist": "4.18.1" },
    subPaths: NODE,
    files: () => ({
      "pnp/.yarnrc.yml":
        "nodeLinker: pnp\nenableTelemetry: false\nenableGlobalCache: false\nenableNetwork: false\npnpEnableEsmLoader: true\n",
      "pnp/yarn.lock": "",
      "pnp/package.json": json({
        name: "application",
        type: "module",
        dependencies: { "oauth-refresher": `file:${TARBALL}` },
      }),
    }),
    build: "cp -r src pnp/ && cd pnp && YARN_ENABLE_IMMUTABLE_INSTALLS=false yarn install",
    run: program("cd pnp && yarn node src/main.js"),
  },
  {
    name: "Bun, one executable",
    subPaths: NODE,
    build: "bun build src/main.js --compile --outfile dist/application",
    run: program("dist/application"),
  },
];
