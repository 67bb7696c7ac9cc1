// Examples of the README, docs/clients.md (the key-bound client) and docs/login.md (a session in the browser), as they stand there, in
// a Chromium page with IndexedDB.
import "../leaks/listener.mjs";
import { hearPage } from "../leaks/pages.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { listen } from "../servers/wire.mjs";
import { openRecipes, recipesOf } from "./recipes.mjs";

/** Beside the example in its page: an authorization server and an API in the place of the network, and a login that is stored. */
const AROUND = `
import { createRefresher } from "oauth-refresher";
import { indexedDbStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";

export const server = fakeAuthorizationServer({ token_endpoint: "https://auth.example/token", client_id: "my-app" });
export const asked = [];
globalThis.fetch = async (input, init) => {
  const request = new Request(input, init);
  asked.push([request.url, request.headers.get("authorization"), request.headers.get("dpop")]);
  return server.fetch(input, init);
};
export async function logIn() {
  const { token_endpoint, client_id } = server;
  const login = createRefresher({ token_endpoint, client_id, storage: indexedDbStorage("session"), background: "never" });
  await login.setTokens(server.login());
  login.close();
}`;

let site, browser, script;

before(async () => {
  site = await listen((request, response) => {
    const isScript = request.url === "/page.js";
    response.writeHead(200, { "content-type": isScript ? "text/javascript" : "text/html" });
    response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>');
  });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
    ],
  });
});
after(async () => {
  await browser?.close();
  await site?.close();
});

test("README.md: its examples, one after the other, in a page whose person is signed in", async () => {
  const blocks = Object.values(recipesOf("README.md")).slice(0, 2).join("\n");
  const readme = blocks.replace("await refresher.signOut();", "$&\nexport { refresher, response };");
  const said = await run(
    "README.md",
    readme,
    `const { refresher, response } = await import("./example.js");
     return { status: response.status, state: refresher.state, asked };`,
  );
  assert.equal(said.status, 200);
  assert.equal(said.state, "signed-out");
  const [url, authorization] = said.asked.at(-1);
  assert.equal(url, "https://api.example/me");
  assert.match(authorization, /^Bearer ./);
});

test("docs/clients.md: with a key of IndexedDB the login, the refresh and the call are proved", async () => {
  const said = await run(
    "docs/clients.md",
    recipesOf("docs/clients.md")["3.ts"],
    `const { exchange, refresher } = await import("./example.js");
     const dpop = (reply) => ({ ...reply, token_type: "DPoP" });
     const answer = globalThis.fetch;
     globalThis.fetch = async (...given) => {
       const reply = await answer(...given);
       return String(new Request(...given).url).endsWith("/token") ? Response.json(dpop(await reply.json())) : reply;
     };
     const { refresh_token } = server.login();
     await exchange(new URLSearchParams({ grant_type: "refresh_token", refresh_token, client_id: "my-app" }));
     const { token_type } = await refresher.refresh();
     return { token_type, asked, state: refresher.state };`,
  );
  assert.deepEqual([said.token_type, said.state], ["DPoP", "active"]);
  assert.equal(said.asked.length, 2);
  for (const [, , proof] of said.asked) assert.match(proof, /^[\w-]+\.[\w-]+\.[\w-]+$/);
});

test("docs/login.md: the module that a server renders with too has a session in the browser alone", async () => {
  const recipes = await openRecipes({}, "docs/login.md");
  assert.equal((await recipes.load("session-in-browser")).refresher, null);
  await recipes.remove();
  const said = await run(
    "docs/login.md",
    recipesOf("docs/login.md")["session-in-browser.ts"],
    `const { refresher } = await import("./example.js");
     const { status } = await refresher.fetch("https://api.example/me");
     return { status, state: refresher.state, asked };`,
  );
  assert.deepEqual([said.status, said.state, said.asked.length], [200, "active", 1]);
  const [url, authorization] = said.asked[0];
  assert.equal(url, "https://api.example/me");
  assert.match(authorization, /^Bearer ./);
});

test("a client_secret in a page is warned of once", async () => {
  const warned = [];
  await run(
    "README.md",
    "export {};",
    `for (const client_secret of ["of-a-page", "of-a-page"]) {
       const refresher = createRefresher({ token_endpoint: server.token_endpoint, client_id: "c", client_secret });
       await refresher.load();
       refresher.close();
     }`,
    (page) => page.on("console", (message) => warned.push(`${message.type()} ${message.text()}`)),
  );
  assert.equal(warned.length, 1, warned.join());
  assert.match(warned[0], /^warning oauth-refresher: .*client_secret/);
  assert.doesNotMatch(warned[0], /of-a-page/);
});

/** The example as a module of its own, with what runs after it. @returns what `then` returns */
async function run(document, example, then, opened = (_page) => {}) {
  const recipes = await openRecipes({}, document);
  const contents = `import { createRefresher } from "oauth-refresher";
    import { asked, logIn, server } from "around";
    globalThis.said = (async () => { await logIn(); asked.length = 0; ${then} })();`;
  const modules = { around: AROUND, "./example.js": example };
  const inMemory = {
    name: "examples",
    setup(bundler) {
      bundler.onResolve({ filter: /^(around|\.\/example\.js)$/ }, ({ path }) => ({
        path,
        namespace: "examples",
      }));
      bundler.onLoad({ filter: /.*/, namespace: "examples" }, ({ path }) => ({
        contents: modules[path],
        loader: "ts",
        resolveDir: recipes.folder,
      }));
    },
  };
  const options = { bundle: true, write: false, format: "esm", target: "es2022", plugins: [inMemory] };
  const { outputFiles } = await build({ stdin: { contents, resolveDir: recipes.folder }, ...options });
  script = outputFiles[0].text;
  const page = hearPage(await browser.newPage());
  page.setDefaultTimeout(10_000);
  opened(page);
  try {
    await page.goto(site.origin);
    return await page.evaluate(() => globalThis.said);
  } finally {
    await page.close();
    await recipes.remove();
  }
}
