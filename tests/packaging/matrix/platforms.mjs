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
    "no device and no Android SDK; its bundler and its engine run above, the engine with the same `fetch` classes as React Native",
  "Hermes of today":
    "npm has the engine as a program up to 0.12 (2022), and of later ones the compiler only: that one compiles the bundle above, 0.12 runs it",
  "Next 16 with webpack, edge routes":
    "Next 16.4.6 builds no edge route with `--webpack`, not even an empty one: `route_client-reference-manifest.js` is missing. Next 15 with webpack and Next 16 with Turbopack do, and run them above",
  "Safari, iOS": "no macOS; WebKitGTK runs the browser suite",
  "Firefox with these bundlers":
    "the browser suite runs the package in Firefox; what a bundler writes is the same for every browser",
  "Nuxt, Remix, Qwik": "built on Vite and Nitro, which run",
  "Vercel, Netlify, AWS Lambda, Deno Deploy": "services; Next's edge runtime runs here with `next start`",
  Electron: "its npm package downloads a binary from a host that is not a registry",
  "Windows, macOS": "no machine; no test of the package depends on the system but those of files and locks",
  "webpack 4, Parcel 1, Node 18": "older than private class members, or no longer maintained",
};

/** The text between this and the next heading is Jest's. */
const JEST = `## Jest

Jest does not take ES modules, which this package is, as it comes. Two ways, both run above:

- \`NODE_OPTIONS=--experimental-vm-modules jest\`, as [Jest's documentation](https://jestjs.io/docs/ecmascript-modules) has it. From Node
  24.9 on \`require("oauth-refresher")\` works there, too; before it only \`import\`.
- Babel: \`transformIgnorePatterns: ["/node_modules/(?!oauth-refresher/)"]\` in jest.config.cjs, and \`@babel/preset-env\` in
  babel.config.cjs. Without the pattern Jest leaves packages as they are.

Under \`testEnvironment: "jsdom"\` there is neither \`fetch\` nor \`crypto.subtle\`; use the environment \`node\`, or Vitest.
`;

const REACT_NATIVE = `## React Native

Import \`oauth-refresher/js\`: Hermes has no WebAssembly. What else is missing comes from a polyfill, which is imported first:

- \`crypto.getRandomValues\`: react-native-get-random-values, or Expo's.
- \`TextDecoder\` before React Native 0.85, \`TextEncoder\` before 0.74, with \`encodeInto\` and a \`decode()\` that needs no bytes.
- \`EventTarget\`, \`Event\` and \`CustomEvent\`, and a whole \`URL\`, in versions that have none; 0.88 has them.
- \`crypto.subtle\` for \`oauth-refresher/dpop\` and \`/client-auth\`, which refuse with "there is no crypto.subtle" without it.

React Native's \`fetch\` follows a redirect of the token endpoint by itself, whatever the package asks for.
`;

const NITRO = `## Nitro on Cloudflare

Nitro's presets for Cloudflare read a \`.wasm\` file as JavaScript, unless nitro.config.js (with Nuxt: \`nitro\` in nuxt.config.js) says
\`experimental: { wasm: true }\`. With it every sub-path runs; without it \`oauth-refresher/js\` does.
`;

const PWA = `## vite-plugin-pwa

A service worker of your own (\`strategies: "injectManifest"\`) needs \`injectManifest: { rollupFormat: "iife" }\`, as it runs above. In the
default format Vite writes \`import.meta\` beside an \`import()\`, and a classic service worker with that is not even read.
`;

export function page(outcomes) {
  const rows = TABLE.map(
    (row) =>
      `| ${row.name} | ${versionsOf(row)} | ${count(row, outcomes(row))} | ${told(row, outcomes(row))} |`,
  );
  const elsewhere = Object.entries(ELSEWHERE).map(([name, why]) => `| ${name} | ${why} |`);
  return `# Platforms

Where the package runs, and what runs there. \`cargo xtask test --long packaging\` writes this page: each row is a project in which npm
installed the packed tarball, built with the tool's default configuration and run until every sub-path was used: a refresh and one
request of \`refresher.fetch\` for each entry, one call for each other sub-path. Rows marked * run in CI.

| environment | versions | sub-paths | result |
|---|---|---:|---|
${rows.join("\n")}

## What a result means

- **works**: every sub-path did what it is for.
- **The core does not run (…)**: the message of the \`engine_failed\` error that a user sees. \`oauth-refresher/js\` works there.
- **In a service worker, import from "oauth-refresher/inline"**: the default entry loads the core by \`import()\`, which service workers
  forbid; the error is thrown by \`createRefresher\`, not by the first refresh.

${JEST}
${REACT_NATIVE}
${NITRO}
${PWA}
## What does not run here

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
