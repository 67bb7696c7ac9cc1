// The sub-paths that each kind of place can use. A new one is one line here, and in `package.json`.

import { readFileSync } from "node:fs";

const manifest = new URL("../../../pkg-template/package.json", import.meta.url);
const { exports } = JSON.parse(readFileSync(manifest, "utf8"));

/** Everywhere. */
const ANYWHERE = [
  "oauth-refresher",
  "oauth-refresher/inline",
  "oauth-refresher/js",
  "oauth-refresher/slim",
  "oauth-refresher/storage",
  "oauth-refresher/storage/redis",
  "oauth-refresher/storage/postgres",
  "oauth-refresher/providers",
  "oauth-refresher/client-auth",
  "oauth-refresher/dpop",
  "oauth-refresher/mcp",
  "oauth-refresher/host",
  "oauth-refresher/client",
  "oauth-refresher/testing",
  "oauth-refresher/trace",
];

export const WEB = ANYWHERE;
export const NODE = [...ANYWHERE, "oauth-refresher/storage/node"];
export const WORKERD = [...ANYWHERE, "oauth-refresher/cloudflare"];
/** Where compiled WebAssembly may not be loaded from bytes at run time. */
export const without = (subPaths, ...names) =>
  subPaths.filter((subPath) => !names.some((name) => subPath === `oauth-refresher/${name}`));

/** Where each is, by the package's own `exports`. */
export const importMap = (subPaths) =>
  Object.fromEntries(
    subPaths.map((subPath) => {
      const target = exports[subPath.replace("oauth-refresher", ".")];
      return [subPath, target.default.replace(".", "/node_modules/oauth-refresher")];
    }),
  );

/** A module that imports them all and hands them to `exercise`. */
export const application = (subPaths) =>
  [
    ...subPaths.map((subPath, index) => `import * as module${index} from ${JSON.stringify(subPath)};`),
    `import { exercise } from "./exercise.js";`,
    `import { base } from "./base.js";`,
    `const modules = {`,
    ...subPaths.map((subPath, index) => `  ${JSON.stringify(subPath)}: module${index},`),
    `};`,
    `export const run = () => exercise(base, modules);`,
    `export const report = async () => {`,
    `  const body = JSON.stringify(await run());`,
    `  await fetch(base + "/report", { method: "POST", body });`,
    `};`,
  ].join("\n");

/** The same for `require`. */
export const applicationForRequire = (subPaths, base) => `
const modules = {};
for (const subPath of ${JSON.stringify(subPaths)}) modules[subPath] = require(subPath);
const base = ${JSON.stringify(base)};
import("./exercise.js")
  .then(({ exercise }) => exercise(base, modules))
  .then((outcome) => fetch(base + "/report", { method: "POST", body: JSON.stringify(outcome) }));
`;
