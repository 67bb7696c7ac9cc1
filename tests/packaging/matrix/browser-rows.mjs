// Rows of the matrix that need no bundler but esbuild: the workers, policies and extensions of a browser.

import { extension, page } from "./places.mjs";
import { WEB } from "./sub-paths.mjs";

export const ESBUILD = "esbuild src/main.js --bundle --format=esm --outfile=dist/main.js";
export const STARTS = (constructor) => `<!doctype html><script>${constructor}</script>`;
const policy = (text) => page({ script: "/main.js", headers: { "Content-Security-Policy": text } });

/** What a user sees where a policy blocks WebAssembly. */
const BLOCKED =
  /^failed: RefreshError: The core does not run \(CSP without 'wasm-unsafe-eval': import oauth-refresher\/js\)$/;
const WASM_IS_BLOCKED = {
  "oauth-refresher": BLOCKED,
  "oauth-refresher/inline": BLOCKED,
  "oauth-refresher/slim": BLOCKED,
};
/** And in a service worker, where import() is forbidden. */
export const IN_SERVICE_WORKER = {
  "oauth-refresher":
    /^failed: TypeError: In a service worker, import from "oauth-refresher\/inline": import\(\) is forbidden there$/,
};

export const BROWSER_ROWS = [
  {
    name: "service worker, classic",
    short: true,
    subPaths: WEB,
    build: "esbuild src/as-service-worker.js --bundle --outfile=dist/worker.js",
    run: page({ html: STARTS(`navigator.serviceWorker.register("/worker.js")`) }),
    expected: IN_SERVICE_WORKER,
  },
  {
    name: "service worker, module",
    short: true,
    subPaths: WEB,
    build: "esbuild src/as-service-worker.js --bundle --format=esm --outfile=dist/worker.js",
    run: page({ html: STARTS(`navigator.serviceWorker.register("/worker.js", { type: "module" })`) }),
    expected: IN_SERVICE_WORKER,
  },
  {
    name: "SharedWorker",
    short: true,
    subPaths: WEB,
    build: ESBUILD,
    run: page({ html: STARTS(`new SharedWorker("/main.js", { type: "module" })`) }),
  },
  {
    name: "CSP with 'wasm-unsafe-eval'",
    short: true,
    subPaths: WEB,
    build: ESBUILD,
    run: policy("default-src 'self'; script-src 'self' 'wasm-unsafe-eval'"),
  },
  {
    name: "CSP without 'wasm-unsafe-eval'",
    short: true,
    subPaths: WEB,
    build: ESBUILD,
    run: policy("default-src 'self'"),
    expected: WASM_IS_BLOCKED,
  },
  {
    name: "trusted types",
    short: true,
    subPaths: WEB,
    build: ESBUILD,
    run: policy("require-trusted-types-for 'script'; trusted-types 'none'"),
  },
  {
    name: "cross-origin isolation",
    short: true,
    subPaths: WEB,
    build: ESBUILD,
    run: page({
      script: "/main.js",
      headers: {
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
      },
    }),
  },
  {
    name: "extension (Manifest V3), its own policy",
    short: true,
    fixtures: ["extension"],
    subPaths: WEB,
    build: "esbuild src/main.js --bundle --format=esm --outfile=built/main.js",
    run: extension("built"),
    expected: { ...WASM_IS_BLOCKED, ...IN_SERVICE_WORKER },
  },
  {
    name: "extension (Manifest V3) with 'wasm-unsafe-eval'",
    short: true,
    fixtures: ["extension-wasm"],
    subPaths: WEB,
    build: "esbuild src/main.js --bundle --format=esm --outfile=built/main.js",
    run: extension("built"),
    expected: IN_SERVICE_WORKER,
  },
];
