// The code of docs/frameworks.md, written to files and bundled for a page or for Node. Not a test by itself.

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { compile as compileSvelte } from "svelte/compiler";
import { compileScript, parse } from "vue/compiler-sfc";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const DOCUMENT = join(HERE, "../../docs/frameworks.md");
// Below node_modules, so that it is ignored by all and finds its packages.
export const WRITTEN = join(HERE, "node_modules/.recipes");

/** What an application has besides: how it starts. Each also hands the refresher to the test. */
const STARTS = {
  react: `import { StrictMode, createElement } from "react";
    import { createRoot } from "react-dom/client";
    import { App } from "./App.tsx";
    createRoot(document.querySelector("#app")).render(createElement(StrictMode, null, createElement(App)));`,
  vue: `import { createApp } from "vue";
    import App from "./App.vue";
    createApp(App).mount("#app");`,
  svelte: `import { mount } from "svelte";
    import App from "./App.svelte";
    mount(App, { target: document.querySelector("#app") });`,
  angular: `import "zone.js";
    import "@angular/compiler";
    import { provideZoneChangeDetection } from "@angular/core";
    import { bootstrapApplication } from "@angular/platform-browser";
    import { App } from "./app.component.ts";
    bootstrapApplication(App, { providers: [provideZoneChangeDetection()] });`,
};

/** How a server renders the same component. */
const ON_SERVER = {
  react: `import { createElement } from "react";
    import { renderToString } from "react-dom/server";
    import { App } from "./App.tsx";
    export const html = async () => renderToString(createElement(App));`,
  vue: `import { createSSRApp } from "vue";
    import { renderToString } from "vue/server-renderer";
    import App from "./App.vue";
    export const html = () => renderToString(createSSRApp(App));`,
  svelte: `import { render } from "svelte/server";
    import App from "./App.svelte";
    export const html = async () => (await render(App)).body;`,
  angular: `import "@angular/compiler";
    import { DestroyRef, Injector, NgZone, PLATFORM_ID } from "@angular/core";
    import { Session } from "./session.service.ts";
    const providers = [
      { provide: Session },
      { provide: PLATFORM_ID, useValue: "server" },
      { provide: DestroyRef, useValue: { onDestroy() {} } },
      { provide: NgZone, useValue: { runOutsideAngular: (work) => work() } },
    ];
    export const html = async () => (Injector.create({ providers }).get(Session).state() === "unknown" ? "one moment" : "");`,
};

export const FRAMEWORKS = Object.keys(STARTS);

/** The blocks of the document by the file names in their first lines. */
export function recipes() {
  const blocks = readFileSync(DOCUMENT, "utf8").matchAll(
    /^```(?:tsx?|vue|svelte)\n(?:\/\/|<!--) ([\w.-]+)[^\n]*\n([^]*?)^```/gm,
  );
  return Object.fromEntries([...blocks].map(([, name, code]) => [name, code]));
}

/** Writes the recipes; `token_endpoint` stands for the one that they name. */
export async function writeRecipes({ token_endpoint }) {
  await rm(WRITTEN, { recursive: true, force: true });
  await mkdir(WRITTEN, { recursive: true });
  for (const [name, code] of Object.entries(recipes()))
    await writeFile(join(WRITTEN, name), code.replaceAll("https://auth.example/token", token_endpoint));
}

/** `isHosted`: with a refresher in a SharedWorker, as docs/page.md has it, and nothing else in another way. */
export async function pageOf(framework, { isHosted = false } = {}) {
  const handOver = `import { refresher } from "./session.ts"; window.refresher = refresher;`;
  const { outputFiles } = await bundled(`${STARTS[framework]}\n${handOver}`, {
    platform: "browser",
    conditions: ["browser"],
    minify: true,
    write: false,
    plugins: [components("client"), ...(isHosted ? [hosted] : [])],
  });
  return outputFiles[0].text;
}

/** The worker of the hosted pages. */
export async function hostOf({ token_endpoint }) {
  const given = JSON.stringify({ token_endpoint, client_id: "my-app" });
  const code = `import { hostRefresher } from "oauth-refresher/host";
    import { indexedDbStorage } from "oauth-refresher/storage";
    hostRefresher({ ...${given}, storage: indexedDbStorage("session") });`;
  const { outputFiles } = await bundled(code, { platform: "browser", conditions: ["browser"], write: false });
  return outputFiles[0].text;
}

/** A module with `html()`, for Node. */
export async function serverOf(framework) {
  const outfile = join(WRITTEN, `${framework}-server.mjs`);
  await bundled(ON_SERVER[framework], {
    platform: "node",
    packages: "external",
    outfile,
    plugins: [components("server")],
  });
  return import(outfile);
}

const bundled = (contents, options) =>
  build({
    stdin: { contents, resolveDir: WRITTEN, loader: "ts" },
    bundle: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    define: {
      "process.env.NODE_ENV": '"development"',
      __VUE_OPTIONS_API__: "true",
      __VUE_PROD_DEVTOOLS__: "false",
    },
    tsconfigRaw: {
      compilerOptions: { experimentalDecorators: true, useDefineForClassFields: false, jsx: "react-jsx" },
    },
    logLevel: "error",
    ...options,
  });

/** Instead of the recipe's session.ts. */
const hosted = {
  name: "hosted",
  setup({ onLoad }) {
    onLoad({ filter: /\/session\.ts$/ }, () => ({
      contents: `import { connectRefresher } from "oauth-refresher/client";
        export const refresher = connectRefresher(() => new SharedWorker("/host.js", { type: "module" }));`,
      resolveDir: WRITTEN,
      loader: "ts",
    }));
  },
};

/** `.vue` and `.svelte` by their own compilers; and `.js` that is a `.ts`, as TypeScript reads it. */
const components = (side) => ({
  name: "components",
  setup({ onLoad }) {
    onLoad({ filter: /\.svelte$/ }, async ({ path }) => {
      const { js } = compileSvelte(await readFile(path, "utf8"), { generate: side, filename: path });
      return { contents: js.code, loader: "js" };
    });
    onLoad({ filter: /\.vue$/ }, async ({ path }) => {
      const { descriptor } = parse(await readFile(path, "utf8"), { filename: path });
      const { content } = compileScript(descriptor, { id: "app", inlineTemplate: true });
      return { contents: content, loader: "ts" };
    });
  },
});
