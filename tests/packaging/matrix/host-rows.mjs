// The recipes of docs/page.md as they stand there, with each kind of build that the page names: a host in a worker, a page that connects.

import { readFileSync } from "node:fs";
import { page } from "./places.mjs";
import { importMap } from "./sub-paths.mjs";
import { PARCEL, VITE, WEBPACK } from "./versions.mjs";

const TEXT = readFileSync(new URL("../../../docs/page.md", import.meta.url), "utf8");
const [HOST, SHARED, SERVICE] = [...TEXT.matchAll(/```js\n([^]*?)```/g)].map(([, code]) => code);
const SUB_PATHS = ["oauth-refresher/client", "oauth-refresher/host"];
const MAP = importMap([...SUB_PATHS, "oauth-refresher", "oauth-refresher/storage"]);

/** The addresses of the loopback server, and a note when the fallback is used: a host was wanted. */
const filled = (code, base) =>
  code
    .replaceAll("https://auth.example/token", `${base}/token`)
    .replaceAll("https://api.example", base)
    .replace(
      /fallback: \(\) =>\s*createRefresher/,
      "fallback: () => (globalThis.fellBack = true) && createRefresher",
    );

const MAIN = `import { base } from "./base.js";
import { refresher } from "./refresher.js";

async function used() {
  const login = await fetch(base + "/login", { method: "POST" });
  await refresher.setTokens(await login.json());
  const token = await refresher.getAccessToken();
  const { seen } = await (await refresher.fetch(base + "/api")).json();
  if (seen !== token) throw new Error("the API saw another token");
  if (globalThis.fellBack) throw new Error("the fallback was used");
  return "ok";
}

used()
  .catch((error) => "failed: " + error)
  .then((word) => {
    const outcome = { "oauth-refresher/client": word, "oauth-refresher/host": word };
    return fetch(base + "/report", { method: "POST", body: JSON.stringify(outcome) });
  });
`;

/** `adapt`: what the page says must be written differently with that tool. */
const recipe = (name, code, { adapt = (text) => text, adaptHost = (text) => text, ...row }) => ({
  name,
  subPaths: SUB_PATHS,
  files: (base) => ({
    "src/main.js": MAIN,
    "src/session.js": adaptHost(filled(HOST, base)),
    "src/refresher.js": adapt(filled(code, base)),
  }),
  ...row,
});

const shared = (tool, row) => recipe(`a host in a SharedWorker, ${tool}`, SHARED, row);
const service = (tool, row) => recipe(`a host in a service worker, ${tool}`, SERVICE, row);

/** Import maps do not hold in workers. */
const byUrl = (code) => code.replaceAll(/from "(oauth-refresher[^"]*)"/g, (_, name) => `from "${MAP[name]}"`);
const ofItsOwn = (code) => code.replace('new URL("./session.js", import.meta.url)', '"/session.js"');

export const HOST_ROWS = [
  shared("no bundler", {
    short: true,
    adaptHost: byUrl,
    run: page({
      html: `<!doctype html>
<script type="importmap">${JSON.stringify({ imports: MAP })}</script>
<script type="module" src="/src/main.js"></script>`,
      served: ".",
    }),
  }),
  shared("Vite", { packages: VITE, fixtures: ["vite"], build: "vite build", run: page({}) }),
  shared("webpack", {
    packages: WEBPACK,
    fixtures: ["webpack"],
    build: "node build.js webpack web main",
    run: page({ script: "/main.js", isClassic: true }),
  }),
  shared("Parcel", {
    packages: PARCEL,
    fixtures: ["parcel"],
    build: "parcel build index.html --no-cache --cache-dir .parcel-cache",
    run: page({}),
  }),
  service("an entry of its own (esbuild)", {
    short: true,
    adapt: ofItsOwn,
    build: "esbuild src/main.js src/session.js --bundle --format=esm --outdir=dist",
    run: page({ script: "/main.js" }),
  }),
  service("webpack", {
    packages: WEBPACK,
    fixtures: ["webpack"],
    build: "node build.js webpack web main",
    run: page({ script: "/main.js", isClassic: true }),
  }),
];
