// docs/platforms.md, from what the rows of the table reported. A long run writes it; every run holds it against the table.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { TABLE } from "./table.mjs";

const PAGE = new URL("../../../docs/platforms.md", import.meta.url);
const RESULTS = new URL("../../../target/matrix/results/", import.meta.url);
const { devDependencies, optionalDependencies } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
);
const TOOLS = { ...devDependencies, ...optionalDependencies };

export const resultOf = (row) => fileURLToPath(new URL(`${row.name.replace(/\W+/g, "-")}.json`, RESULTS));

/** What cannot run where these tests run, and why. */
const ELSEWHERE = {
  "React Native on a device":
    "no device and no Android SDK. Its bundler and its engine are tested above, with React Native's `fetch` classes",
  "Hermes, current version":
    "npm has the engine only up to 0.12 (2022), and only the compiler of later versions. Above, the newer compiler compiles the bundle and 0.12 runs it",
  "Next 16 with webpack, edge routes":
    "Next 16.4.6 cannot build an edge route with `--webpack`, not even an empty one: `route_client-reference-manifest.js` is missing. Edge routes are tested above in Next 15 with webpack and Next 16 with Turbopack",
  "Safari, iOS": "no macOS. The browser suite runs in WebKitGTK",
  "Firefox with these bundlers":
    "the browser suite runs in Firefox, and a bundler's output is the same for every browser",
  "Nuxt, Remix, Qwik": "built on Vite and Nitro, which are tested",
  "Vercel, Netlify, AWS Lambda, Deno Deploy":
    "hosted services. Next's edge runtime is tested with `next start`",
  Electron: "its npm package downloads a binary from a host that is not a registry",
  "Windows, macOS": "no machine. Only files and locks depend on the operating system",
  "webpack 4, Parcel 1, Node 18": "no private class members, or no longer maintained",
};

/** The text between this and the next heading is Jest's. */
const JEST = `## Jest

This package is ES modules only, and Jest's default configuration does not load them. Two configurations do, both tested above:

- \`NODE_OPTIONS=--experimental-vm-modules jest\`, from [Jest's documentation](https://jestjs.io/docs/ecmascript-modules). Use \`import\`;
  \`require("oauth-refresher")\` works from Node 24.9 on.
- Babel: \`transformIgnorePatterns: ["/node_modules/(?!oauth-refresher/)"]\` in jest.config.cjs, and \`@babel/preset-env\` in
  babel.config.cjs. Without the pattern Jest does not transform packages.

\`testEnvironment: "jsdom"\` has neither \`fetch\` nor \`crypto.subtle\`: use the environment \`node\`, or Vitest.
`;

const REACT_NATIVE = `## React Native

Import \`oauth-refresher/js\`, because Hermes has no WebAssembly. Import polyfills before it for:

- \`crypto.getRandomValues\`: react-native-get-random-values, or Expo's.
- \`TextDecoder\` before React Native 0.85, and \`TextEncoder\` before 0.74. They need \`encodeInto\`, and \`decode()\` without an argument.
- \`EventTarget\`, \`Event\`, \`CustomEvent\` and a complete \`URL\`, in versions without them (0.88 has all four).
- \`crypto.subtle\`, only for \`oauth-refresher/dpop\` and \`/client-auth\`. Without it they reject with "there is no crypto.subtle".

React Native's \`fetch\` follows redirects of the token endpoint, although the package asks it not to.
`;

const NITRO = `## Nitro on Cloudflare

Set \`experimental: { wasm: true }\` in nitro.config.js (with Nuxt: under \`nitro\` in nuxt.config.js). Without it, Nitro's presets for
Cloudflare read a \`.wasm\` file as JavaScript, and you have to import \`oauth-refresher/js\`.
`;

const PWA = `## vite-plugin-pwa

A service worker of your own (\`strategies: "injectManifest"\`) needs \`injectManifest: { rollupFormat: "iife" }\`. In the default format
Vite writes \`import.meta\` next to an \`import()\`, which is a syntax error in a classic service worker.
`;

export function page(outcomes) {
  const rows = TABLE.map(
    (row) =>
      `| ${row.name} | ${versionsOf(row)} | ${count(row, outcomes(row))} | ${told(row, outcomes(row))} |`,
  );
  const elsewhere = Object.entries(ELSEWHERE).map(([name, why]) => `| ${name} | ${why} |`);
  return `# Platforms

The environments in which the package was tested. Each row is a project with the packed tarball installed by npm, built with the tool's
default configuration and run: each entry does a refresh and one \`refresher.fetch\` request, each other sub-path one call. Rows marked *
run in CI; \`cargo xtask test --long packaging\` runs all of them and writes this page.

| environment | versions | sub-paths | result |
|---|---|---:|---|
${rows.join("\n")}

## What a result means

- **works**: every sub-path passed.
- **The core does not run (…)**: the message of an \`engine_failed\` error. Import \`oauth-refresher/js\` instead.
- **In a service worker, import from "oauth-refresher/inline"**: service workers forbid \`import()\`, by which the default entry loads the
  core. \`createRefresher\` throws this error at once.

${JEST}
${REACT_NATIVE}
${NITRO}
${PWA}
## Not tested

| environment | why |
|---|---|
${elsewhere.join("\n")}
`;
}

/** Of the sub-paths that were used; a row with a server and a page uses them in both. */
function count({ subPaths }, outcome) {
  if (!outcome) return subPaths.length;
  return new Set(Object.keys(outcome).map((name) => name.replace(/^.*: /, ""))).size;
}

function versionsOf({ name, packages = {}, short, node }) {
  const tools = Object.entries(packages).map(([tool, version]) => `${tool} ${version}`);
  const ours = { esbuild: "esbuild", bun: "bun", deno: "@deno/linux-x64-glibc", workerd: "miniflare" };
  const used = Object.entries(ours).filter(([word]) => short && new RegExp(`\\b${word}\\b`, "i").test(name));
  const known = used.map(([, tool]) => `${tool} ${TOOLS[tool]}`);
  return [...tools.slice(0, 3), ...known, ...(node && tools.length ? [`Node ${node}`] : [])].join(", ");
}

function told({ short, expected = {} }, outcome) {
  if (!outcome) return "not run when this page was written";
  const others = Object.entries(outcome).filter(([, said]) => /^(failed|refused)/.test(said));
  if (!others.length) return `works${short ? " *" : ""}`;
  const said = new Map();
  for (const [subPath, words] of others) {
    const text = words
      .replace(/^(failed|refused): (\w*Error: )?/, "")
      .replaceAll(/\/\S*\/node_modules\//g, "")
      .replaceAll("|", "\\|")
      .split("\n")[0]
      .slice(0, 160);
    said.set(text, [...(said.get(text) ?? []), `\`${subPath.replace("oauth-refresher/", "/")}\``]);
  }
  const each = [...said].map(([text, subPaths]) => `${subPaths.join(", ")}: ${text}`);
  const rest = Object.keys(outcome).length > others.length ? "; the others work" : "";
  return each.join("; ") + rest + (Object.keys(expected).length && short ? " *" : "");
}

const reported = (row) =>
  existsSync(resultOf(row)) ? JSON.parse(readFileSync(resultOf(row), "utf8")) : undefined;

export const written = () => readFileSync(PAGE, "utf8");
export const write = () => writeFileSync(PAGE, page(reported));
