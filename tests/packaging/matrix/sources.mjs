// The sources that every fixture has: one application, and the few lines that start it in each kind of place.

import { application, applicationForRequire } from "./sub-paths.mjs";

export function sources({ subPaths }, base) {
  return {
    "src/base.js": `export const base = ${JSON.stringify(base)};\n`,
    "src/app.js": application(subPaths),
    "src/main.js": `import { report } from "./app.js";\n\nreport();\n`,
    "src/require.cjs": applicationForRequire(subPaths, base),
    // SvelteKit registers a src/service-worker.js by itself.
    "src/as-service-worker.js": `import { report } from "./app.js";

addEventListener("install", (event) => event.waitUntil(report()));
`,
    "src/worker.js": `import core from "oauth-refresher/core.wasm";
import { run } from "./app.js";

// Workers forbid to compile bytes.
globalThis.compiledCore = core;
export default { fetch: async () => Response.json(await run()) };
`,
  };
}
