// The matrix: one row for each environment. `short` rows run in CI, with the tools of tests/package.json; the others with --long.
// `packages` are installed into the fixture's own project, in exactly these versions.

import { BROWSER_ROWS, ESBUILD, IN_SERVICE_WORKER, STARTS } from "./browser-rows.mjs";
import { HOST_ROWS } from "./host-rows.mjs";
import { NATIVE_ROWS } from "./native-rows.mjs";
import { ODD_ROWS } from "./odd-rows.mjs";
import { page, program, refused, registry, served, workerd } from "./places.mjs";
import { importMap, NODE, WEB, without, WORKERD } from "./sub-paths.mjs";
import {
  NODE_22,
  NODE_24,
  VITE,
  REACT,
  NEXT,
  NEXT_15,
  WEBPACK,
  RSPACK,
  ROLLUP,
  ROLLDOWN,
  PARCEL,
  SVELTE_KIT,
  ANGULAR,
  JEST,
  JEST_WITH_BABEL,
  NITRO,
  VITEST,
  WRANGLER,
} from "./versions.mjs";

const ROLLUP_TO = (format, file) =>
  `rollup src/main.js --plugin node-resolve --format ${format} --inlineDynamicImports --file dist/${file}`;
const MAIN = page({ script: "/main.js" });
const CLASSIC = page({ script: "/main.js", isClassic: true });
/** Each sub-path to its file, as a user would write it without a bundler. */
const IMPORT_MAP = `<!doctype html>
<script type="importmap">${JSON.stringify({ imports: importMap(WEB) })}</script>
<script type="module" src="/src/main.js"></script>`;

export const TABLE = [
  // --- without a tool ---------------------------------------------------------------------------------------------------
  { name: "Node 20 or newer, import", short: true, subPaths: NODE, run: program("node src/main.js") },
  { name: "Node 20 or newer, require", short: true, subPaths: NODE, run: program("node src/require.cjs") },
  ...[NODE_22, NODE_24].flatMap((node) => [
    { name: `Node ${node}, import`, subPaths: NODE, node, run: program("node src/main.js") },
    { name: `Node ${node}, require`, subPaths: NODE, node, run: program("node src/require.cjs") },
  ]),
  ...[undefined, NODE_22, NODE_24].map((node) => ({
    name: `Node ${node ?? "20"}, permission model`,
    subPaths: NODE,
    node,
    run: program(
      `node ${node ? "--permission" : "--experimental-permission"} --allow-fs-read="$PWD/*" --allow-fs-write="$PWD/*" src/main.js`,
    ),
  })),
  { name: "Deno, node_modules", short: true, subPaths: NODE, run: program("deno run -A src/main.js") },
  {
    name: "Deno, npm:",
    short: true,
    fixtures: ["deno-npm"],
    subPaths: NODE,
    run: registry("deno run -A src/main.js"),
  },
  { name: "Bun", short: true, subPaths: NODE, run: program("bun src/main.js") },
  { name: "import map in a page", short: true, subPaths: WEB, run: page({ html: IMPORT_MAP, served: "." }) },

  // --- bundlers -----------------------------------------------------------------------------------------------------------
  { name: "esbuild, one file", short: true, subPaths: WEB, build: ESBUILD, run: MAIN },
  {
    name: "esbuild, splitting",
    short: true,
    subPaths: WEB,
    build: "esbuild src/main.js src/app.js --bundle --format=esm --splitting --minify --outdir=dist",
    run: MAIN,
  },
  {
    name: "esbuild, iife, a page in windows-1252",
    short: true,
    subPaths: WEB,
    build: "esbuild src/main.js --bundle --minify --charset=utf8 --outfile=dist/main.js",
    run: page({
      script: "/main.js",
      isClassic: true,
      headers: { "Content-Type": "text/html; charset=windows-1252" },
    }),
  },
  {
    name: "esbuild, cjs for Node",
    short: true,
    subPaths: NODE,
    build: "esbuild src/main.js --bundle --platform=node --format=cjs --outfile=dist/main.cjs",
    run: program("node dist/main.cjs"),
  },
  {
    name: "Bun's bundler",
    short: true,
    subPaths: WEB,
    build: "bun build src/main.js --outdir dist",
    run: MAIN,
  },
  {
    name: "Vite, build",
    packages: VITE,
    fixtures: ["vite"],
    subPaths: WEB,
    build: "vite build",
    run: page({}),
  },
  {
    name: "Vite, dev",
    packages: VITE,
    fixtures: ["vite"],
    subPaths: WEB,
    run: served("vite --port $PORT --strictPort --host 127.0.0.1", { opens: { page: "/" } }),
  },
  {
    name: "Vite, SSR",
    packages: VITE,
    subPaths: NODE,
    build: "vite build --ssr src/main.js",
    run: program("node dist/main.js"),
  },
  {
    name: "Vite, SSR with the package bundled",
    packages: VITE,
    subPaths: NODE,
    build: `echo 'export default { ssr: { noExternal: true } };' > vite.config.js && vite build --ssr src/main.js`,
    run: program("node dist/main.js"),
  },
  {
    name: "vite-plugin-pwa 2.0.0, service worker",
    packages: { ...VITE, "vite-plugin-pwa": "2.0.0" },
    fixtures: ["vite-pwa"],
    subPaths: WEB,
    build: "vite build",
    run: page({}),
    expected: IN_SERVICE_WORKER,
  },
  {
    name: "webpack, web",
    packages: WEBPACK,
    fixtures: ["webpack"],
    subPaths: WEB,
    build: "node build.js webpack web main",
    run: CLASSIC,
  },
  {
    name: "webpack, node",
    packages: WEBPACK,
    fixtures: ["webpack"],
    subPaths: NODE,
    build: "node build.js webpack node main",
    run: program("node dist/main.cjs"),
  },
  {
    name: "webpack, webworker",
    packages: WEBPACK,
    fixtures: ["webpack"],
    subPaths: WEB,
    build: "node build.js webpack webworker main",
    run: page({ html: STARTS(`new Worker("/main.js")`) }),
  },
  {
    name: "rspack, web",
    packages: RSPACK,
    fixtures: ["webpack"],
    subPaths: WEB,
    build: "node build.js @rspack/core web main",
    run: CLASSIC,
  },
  {
    name: "rspack, node",
    packages: RSPACK,
    fixtures: ["webpack"],
    subPaths: NODE,
    build: "node build.js @rspack/core node main",
    run: program("node dist/main.cjs"),
  },
  { name: "Rollup, es", packages: ROLLUP, subPaths: WEB, build: ROLLUP_TO("es", "main.js"), run: MAIN },
  {
    name: "Rollup, iife",
    packages: ROLLUP,
    subPaths: WEB,
    build: ROLLUP_TO("iife", "main.js"),
    run: CLASSIC,
  },
  {
    name: "Rollup, cjs",
    packages: ROLLUP,
    subPaths: NODE,
    build: ROLLUP_TO("cjs", "main.cjs"),
    run: program("node dist/main.cjs"),
  },
  {
    name: "Rolldown",
    packages: ROLLDOWN,
    subPaths: WEB,
    build: "rolldown src/main.js --format esm --dir dist",
    run: MAIN,
  },
  {
    name: "Parcel",
    packages: PARCEL,
    fixtures: ["parcel"],
    subPaths: WEB,
    build: "parcel build index.html --no-cache --cache-dir .parcel-cache",
    run: page({}),
  },
  ...NATIVE_ROWS,

  // --- frameworks ---------------------------------------------------------------------------------------------------------
  next("Next with Turbopack", NEXT, "next build --turbopack"),
  // It builds no edge route with webpack, not even an empty one: ELSEWHERE of platforms.mjs.
  next("Next with webpack", NEXT, "rm -r app/edge && next build --webpack", { node: "/node" }),
  next("Next 15 with webpack", NEXT_15, "next build"),
  {
    name: "Nitro, Node",
    packages: NITRO,
    fixtures: ["nitro"],
    node: NODE_24,
    subPaths: NODE,
    build: "nitropack build",
    run: served("node .output/server/index.mjs", { asks: { route: "/" } }),
  },
  {
    name: "SvelteKit",
    packages: SVELTE_KIT,
    fixtures: ["sveltekit"],
    node: NODE_24,
    subPaths: WEB,
    build: "vite build",
    run: served("node build/index.js", { opens: { client: "/" }, asks: { endpoint: "/endpoint" } }),
  },
  {
    name: "Angular's application builder",
    packages: ANGULAR,
    fixtures: ["angular"],
    node: NODE_24,
    subPaths: WEB,
    build: "ng build",
    run: page({ served: "dist/browser" }),
  },

  // --- test runners -------------------------------------------------------------------------------------------------------
  {
    name: "Vitest, node",
    packages: VITEST,
    fixtures: ["vitest"],
    node: NODE_24,
    subPaths: NODE,
    run: program("vitest run"),
  },
  {
    name: "Vitest, jsdom",
    packages: { ...VITEST, jsdom: "31.0.1" },
    fixtures: ["vitest"],
    node: NODE_24,
    subPaths: WEB,
    run: program("vitest run --environment jsdom"),
  },
  {
    name: "Vitest, browser mode",
    packages: { ...VITEST, "@vitest/browser-playwright": "5.1.0", playwright: "1.65.1" },
    fixtures: ["vitest-browser"],
    node: NODE_24,
    subPaths: WEB,
    run: program("vitest run"),
  },
  ...[undefined, NODE_24].map((node) => ({
    name: `Jest, default configuration, Node ${node ?? "20"}`,
    packages: JEST,
    fixtures: ["jest-require"],
    node,
    subPaths: NODE.slice(0, 1),
    run: refused("jest", /Must use import to load ES Module: .+oauth-refresher/),
  })),
  {
    name: "Jest with --experimental-vm-modules",
    packages: JEST,
    fixtures: ["jest"],
    subPaths: NODE,
    run: program("NODE_OPTIONS=--experimental-vm-modules jest"),
  },
  {
    name: `Jest with --experimental-vm-modules, require, Node ${NODE_24}`,
    packages: JEST,
    fixtures: ["jest-require"],
    node: NODE_24,
    subPaths: NODE.slice(0, 1),
    run: program("NODE_OPTIONS=--experimental-vm-modules jest"),
  },
  {
    name: "Jest with Babel",
    packages: JEST_WITH_BABEL,
    fixtures: ["jest-babel"],
    subPaths: NODE,
    run: program("jest"),
  },

  ...BROWSER_ROWS,
  ...HOST_ROWS,
  ...ODD_ROWS,

  // --- Cloudflare ---------------------------------------------------------------------------------------------------------
  {
    name: "workerd, bundled by esbuild",
    short: true,
    subPaths: WORKERD,
    build:
      "esbuild src/worker.js --bundle --format=esm --conditions=workerd,worker,browser --external:cloudflare:workers --loader:.wasm=copy --outdir=dist",
    run: workerd("dist/worker.js"),
  },
  {
    name: "wrangler dev",
    packages: WRANGLER,
    fixtures: ["wrangler"],
    node: NODE_24,
    subPaths: WORKERD,
    run: served("wrangler dev --port $PORT --ip 127.0.0.1 --show-interactive-dev-session=false", {
      asks: { worker: "/" },
    }),
  },
  {
    name: "wrangler deploy --dry-run",
    packages: WRANGLER,
    fixtures: ["wrangler"],
    node: NODE_24,
    subPaths: WORKERD,
    build: "wrangler deploy --dry-run --outdir dist",
    run: workerd("dist/worker.js"),
  },
  {
    name: "@cloudflare/vite-plugin, dev",
    packages: { ...VITE, ...WRANGLER, "@cloudflare/vite-plugin": "1.64.0" },
    fixtures: ["cloudflare-vite"],
    node: NODE_24,
    subPaths: WORKERD,
    run: served("vite --port $PORT --strictPort --host 127.0.0.1", { asks: { worker: "/" } }),
  },
  {
    name: "@cloudflare/vite-plugin, build",
    packages: { ...VITE, ...WRANGLER, "@cloudflare/vite-plugin": "1.64.0" },
    fixtures: ["cloudflare-vite"],
    node: NODE_24,
    subPaths: WORKERD,
    build: "vite build",
    run: served("vite preview --port $PORT --strictPort --host 127.0.0.1", { asks: { worker: "/" } }),
  },
  {
    name: "Nitro, cloudflare-module",
    packages: NITRO,
    fixtures: ["nitro"],
    node: NODE_24,
    subPaths: ["oauth-refresher"],
    run: refused("nitropack build --preset cloudflare-module", /Unexpected character '.0'/),
  },
  {
    name: "Nitro, cloudflare-module, sub-paths without WebAssembly",
    packages: NITRO,
    fixtures: ["nitro"],
    node: NODE_24,
    subPaths: without(WEB.slice(1), "inline", "mcp", "slim"),
    build: "nitropack build --preset cloudflare-module",
    run: workerd(".output/server/index.mjs"),
  },
  {
    name: "Nitro, cloudflare-module, experimental: { wasm: true }",
    packages: NITRO,
    fixtures: ["nitro", "nitro-cloudflare"],
    node: NODE_24,
    subPaths: WORKERD,
    build: "nitropack build --preset cloudflare-module",
    run: workerd(".output/server/index.mjs"),
  },
];

function next(name, packages, build, asks = { node: "/node", edge: "/edge" }) {
  return {
    name,
    packages,
    manifest: { type: "module" },
    fixtures: ["next"],
    node: NODE_24,
    subPaths: WEB,
    build,
    run: served("next start --port $PORT", { opens: { client: "/" }, asks }),
  };
}
