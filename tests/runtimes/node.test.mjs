// The packed tarball in Node: installed by npm in an empty project, imported, required, and idle.

import { listenToErrors } from "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { pathToFileURL } from "node:url";
import { startOidc } from "../servers/oidc.mjs";
import { startProject } from "./project.mjs";

let oidc, project, second;
before(async () => {
  [oidc, project, second] = await Promise.all([
    startOidc(),
    startProject({ type: "module" }),
    startProject({ type: "commonjs" }),
  ]);
});
after(() => Promise.all([oidc?.close(), project?.remove(), second?.remove()]));
beforeEach(() => {
  oidc.requests.length = 0;
  oidc.faults.always = null;
});

const RUN_OUT = { expires_in: undefined, expires_at: 1 };

/** The argument of a script: one line of JSON. */
async function session() {
  const tokens = { ...(await oidc.mint("none")), ...RUN_OUT };
  return {
    token_endpoint: oidc.token_endpoint,
    client_id: oidc.clients.none.client_id,
    tokens,
    timeoutSeconds: 5,
  };
}

const USE = `
const refresher = createRefresher(JSON.parse(process.argv[2]));
refresher.getAccessToken().then((token) => console.log(token.length > 20 ? "refreshed" : "nothing"));`;

test("an installed package is imported and refreshes", async () => {
  const script = `import { createRefresher } from "oauth-refresher";${USE}`;
  const ran = await project.node("imported.js", script, [JSON.stringify(await session())]);
  assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, "refreshed\n", ""]);
  assert.equal(oidc.requests.length, 1);
});

const canRequire = process.features.require_module === true;
test(
  "a CommonJS program requires the package without a warning",
  { skip: !canRequire && "needs Node 20.19" },
  async () => {
    const script = `
const { createRefresher, RefreshError } = require("oauth-refresher");
const { memoryStorage } = require("oauth-refresher/storage");
const { go1 } = require("oauth-refresher/providers");
if (![RefreshError, memoryStorage, go1, require("oauth-refresher/slim").createRefresher, require("oauth-refresher/js").createRefresher].every((it) => typeof it == "function"))
  throw new Error("an export is missing");${USE}`;
    const ran = await second.node("required.cjs", script, [JSON.stringify(await session())]);
    assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, "refreshed\n", ""]);
    assert.equal(oidc.requests.length, 1);
  },
);

test("a program that only uses a refresher ends by itself", async () => {
  for (const background of ["auto", "always"]) {
    const options = { ...(await session()), background, keepAliveSeconds: 3600 };
    const script = `
import { createRefresher } from "oauth-refresher";
const refresher = createRefresher(JSON.parse(process.argv[2]));
refresher.addEventListener("token-changed", () => {});
await refresher.getAccessToken();
process.stdout.write(String(Date.now()));`;
    const ran = await project.node("ends.js", script, [JSON.stringify(options)]);
    const lingeredMs = Date.now() - Number(ran.stdout);
    assert.equal(ran.code, 0, ran.stderr);
    assert.ok(lingeredMs < 1500, `it lived ${lingeredMs} ms longer with background ${background}`);
  }
});

test("a waiting caller keeps the program alive until it is answered", async () => {
  oidc.faults.always = "503"; // Retry-After: 1
  const script = `
import { createRefresher } from "oauth-refresher";
const refresher = createRefresher({ ...JSON.parse(process.argv[2]), retries: 1 });
refresher.getAccessToken().catch(({ code }) => console.log(code));`;
  const ran = await project.node("waits.js", script, [JSON.stringify(await session())]);
  assert.deepEqual([ran.code, ran.stdout], [0, "unavailable\n"]);
  assert.equal(oidc.requests.length, 2);
});

test("importing any entry touches nothing", async () => {
  const script = `
const asked = [];
const watch = (target, name) => {
  const original = target[name];
  target[name] = (...given) => (asked.push(name), original.apply(target, given));
};
for (const name of ["setTimeout", "setInterval", "setImmediate", "fetch", "queueMicrotask", "atob", "addEventListener"])
  if (globalThis[name]) watch(globalThis, name);
for (const name of ["compile", "instantiate", "instantiateStreaming", "compileStreaming"]) watch(WebAssembly, name);
for (const name of ["Module", "Instance"])
  WebAssembly[name] = class extends WebAssembly[name] { constructor(...given) { asked.push(name); super(...given); } };
watch(crypto, "getRandomValues");
watch(crypto, "randomUUID");
watch(Math, "random");
watch(Date, "now");
watch(performance, "now");
const seen = () => ({
  globals: Reflect.ownKeys(globalThis).map(String).sort(),
  environment: Object.keys(process.env).length,
  handles: process._getActiveHandles().length,
  listeners: process.eventNames().map(String).sort(),
});
const before = JSON.stringify(seen());
asked.length = 0;
for (const entry of ["", "/slim", "/storage", "/providers"]) await import("oauth-refresher" + entry);
const after = JSON.stringify(seen());
console.log(JSON.stringify({ same: before === after, asked }));`;
  const ran = await project.node("import.js", script);
  assert.equal(ran.code, 0, ran.stderr);
  assert.deepEqual(JSON.parse(ran.stdout), { same: true, asked: [] });
});

test("creating a refresher uses no core, no storage, no network and no timer", async () => {
  const script = `
import { createRefresher } from "oauth-refresher";
const asked = [];
for (const name of ["fetch", "setTimeout", "setInterval"]) globalThis[name] = () => asked.push(name);
WebAssembly.compile = WebAssembly.instantiate = () => asked.push("wasm");
const storage = { load: () => asked.push("load"), save: () => asked.push("save") };
createRefresher({ token_endpoint: "https://auth.example/token", client_id: "me", storage });
process.on("exit", () => console.log(JSON.stringify(asked)));`;
  const ran = await project.node("creating.js", script);
  assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, "[]\n", ""]);
});

test("the slim entry takes the core as a module, bytes, a response and a URL", async () => {
  const root = join(project.folder, "node_modules/oauth-refresher");
  const bytes = await readFile(join(root, "core.wasm"));
  const asset = createServer((req, res) => {
    // the reply of a server without a media type for .wasm
    res.writeHead(200, { "Content-Type": "application/octet-stream" });
    res.end(bytes);
  });
  await new Promise((resolve) => asset.listen(0, "127.0.0.1", resolve));
  try {
    const { createRefresher } = await import(pathToFileURL(join(root, "entry/slim.js")).href);
    const url = `http://127.0.0.1:${asset.address().port}/core.wasm`;
    const cores = {
      module: await WebAssembly.compile(bytes),
      promise: WebAssembly.compile(bytes),
      buffer: Uint8Array.from(bytes).buffer,
      view: new Uint8Array(bytes),
      response: new Response(bytes, { headers: { "Content-Type": "application/wasm" } }),
      url: new URL(url),
      file: pathToFileURL(join(root, "core.wasm")),
    };
    for (const [form, core] of Object.entries(cores)) {
      const refresher = createRefresher({ ...(await session()), core });
      assert.ok(await refresher.getAccessToken(), form);
      assert.ok(await createRefresher({ ...(await session()), core }).getAccessToken(), `${form}, once more`);
    }
    assert.throws(() => createRefresher({ token_endpoint: oidc.token_endpoint }), {
      name: "TypeError",
      message: /core/,
    });
  } finally {
    asset.closeAllConnections();
    await new Promise((resolve) => asset.close(resolve));
  }
});

test("a core that cannot be loaded rejects the call and is loaded again by the next one", async () => {
  const root = join(project.folder, "node_modules/oauth-refresher");
  const bytes = await readFile(join(root, "core.wasm"));
  let broken = true;
  const asset = createServer((req, res) => res.writeHead(broken ? 503 : 200).end(broken ? "" : bytes));
  await new Promise((resolve) => asset.listen(0, "127.0.0.1", resolve));
  try {
    const { createRefresher } = await import(pathToFileURL(join(root, "entry/slim.js")).href);
    const core = new URL(`http://127.0.0.1:${asset.address().port}/core.wasm`);
    const refresher = createRefresher({ ...(await session()), core });
    await assert.rejects(refresher.getAccessToken(), { code: "engine_failed" });
    broken = false;
    assert.ok(await refresher.getAccessToken());
  } finally {
    asset.closeAllConnections();
    await new Promise((resolve) => asset.close(resolve));
  }
});

test("two copies of the package together send one token request", async () => {
  const copies = await Promise.all(
    [project, second].map(async ({ folder }) => {
      const root = join(folder, "node_modules/oauth-refresher");
      const load = (path) => import(pathToFileURL(join(root, path)).href);
      return { ...(await load("entry/inline.js")), ...(await load("storage/index.js")) };
    }),
  );
  assert.notEqual(copies[0].createRefresher, copies[1].createRefresher);

  const rows = new Map();
  const named = ({ callbackStorage }) =>
    callbackStorage({
      name: "rows:session",
      load: async () => rows.get("session"),
      save: async (record) => void rows.set("session", record),
    });
  const area = areaInMemory();
  globalThis.localStorage = area; // Node 20 has no localStorage, and the name of webStorage depends on the global
  try {
    const web = ({ webStorage }) => webStorage(area, "session");
    for (const storageOf of [named, web]) {
      oidc.requests.length = 0;
      const { tokens, ...options } = await session();
      const refreshers = copies.map((copy) =>
        copy.createRefresher({ ...options, storage: storageOf(copy), lock: "auto" }),
      );
      await refreshers[0].setTokens(tokens);
      const answers = await Promise.all(
        refreshers.flatMap((refresher) => [refresher.getAccessToken(), refresher.getAccessToken()]),
      );
      assert.equal(new Set(answers).size, 1);
      assert.equal(oidc.requests.length, 1);
      assert.equal(oidc.revokedFamilies.length, 0);
      for (const refresher of refreshers) refresher.close();
    }
  } finally {
    delete globalThis.localStorage;
  }
});

test("errors of two copies of the package are recognised by their code", async () => {
  const [one, other] = await Promise.all(
    [project, second].map(
      ({ folder }) =>
        import(pathToFileURL(join(folder, "node_modules/oauth-refresher/entry/inline.js")).href),
    ),
  );
  listenToErrors(one.RefreshError);
  const error = await one
    .createRefresher({ token_endpoint: oidc.token_endpoint, client_id: "client-none" })
    .getAccessToken()
    .catch((reason) => reason);
  assert.ok(error instanceof one.RefreshError);
  assert.ok(!(error instanceof other.RefreshError));
  assert.deepEqual([error.name, error.code], ["RefreshError", "signed_out"]);
});

function areaInMemory() {
  const items = new Map();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, String(value)),
    removeItem: (key) => void items.delete(key),
  };
}
