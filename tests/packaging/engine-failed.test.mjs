// `engine_failed` says why the core does not run. tests/browser tests the effect of a content security policy.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { deno } from "../runtimes/programs.mjs";
import { startProject } from "../runtimes/project.mjs";

let project;
before(async () => {
  project = await startProject({ type: "module" });
  await project.write(
    "ask.js",
    `const { createRefresher } = await import(process.argv[2]);
const [, , , core] = process.argv;
// Node's own fetch needs WebAssembly, too.
const fetch = async () => Response.json({ access_token: "a", token_type: "Bearer" });
const options = { token_endpoint: "http://127.0.0.1:9/token", tokens: { refresh_token: "r" }, fetch };
const refresher = createRefresher({ ...options, ...(core && { core: new URL(core, import.meta.url) }) });
console.log(JSON.stringify(await refresher.getTokens().catch((error) => error)));
`,
  );
});
after(() => project?.remove());

test("no WebAssembly in the engine", async () => {
  const failure = await asked(process.execPath, "--jitless", "ask.js", "oauth-refresher");
  assert.equal(failure.code, "engine_failed");
  assert.equal(
    failure.message,
    "The core does not run (WebAssembly is not defined: import oauth-refresher/js)",
  );
});

test("without WebAssembly the entry for it refreshes", async () => {
  const { access_token } = await asked(process.execPath, "--jitless", "ask.js", "oauth-refresher/js");
  assert.equal(access_token, "a");
});

for (const name of ["core.wasm", "Edge/CSP.wasm"])
  test(`a file that is missing, ${name}: the message names it and guesses nothing`, async () => {
    const { code, error_description } = await asked(process.execPath, "ask.js", "oauth-refresher/slim", name);
    assert.equal(code, "engine_failed");
    const said = /^the file of the core cannot be read: ENOENT: no such file or directory, open '.+\.wasm'$/;
    assert.match(error_description, said);
  });

test("a server that is out of reach", async () => {
  const url = "http://127.0.0.1:1/Edge/core.wasm";
  const { code, error_description } = await asked(process.execPath, "ask.js", "oauth-refresher/slim", url);
  assert.equal(code, "engine_failed");
  assert.equal(error_description, `${url} cannot be read: fetch failed`);
});

test("a URL that answers 404", async () => {
  const { createServer } = await import("node:http");
  const server = createServer((_, response) => response.writeHead(404).end("<h1>Not found</h1>"));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const url = `http://127.0.0.1:${server.address().port}/core.wasm`;
    const { message } = await asked(process.execPath, "ask.js", "oauth-refresher/slim", url);
    assert.equal(message, "The core does not run (HTTP status 404 for the URL of the core)");
  } finally {
    server.close();
  }
});

const CORE = "node_modules/oauth-refresher/core.wasm";
const isOlder = !process.allowedNodeEnvironmentFlags.has("--permission"); // Node 20

test("a permission that Node denies", async () => {
  // Node may read the modules, and not the core
  const permission = isOlder ? "--experimental-permission" : "--permission";
  const read = [
    "ask.js",
    "package.json",
    "node_modules/oauth-refresher/package.json",
    "node_modules/oauth-refresher/lib/",
    "node_modules/oauth-refresher/entry/",
    "node_modules/oauth-refresher/storage/",
  ];
  const allowed = read.map(
    (path) => `--allow-fs-read=${project.folder}/${path}${path.endsWith("/") ? "*" : ""}`,
  );
  const failure = await asked(
    process.execPath,
    permission,
    ...allowed,
    "ask.js",
    "oauth-refresher/slim",
    CORE,
  );
  assert.equal(failure.code, "engine_failed");
  assert.match(
    failure.message,
    /^The core does not run .the file of the core cannot be read: Access to this API has been restricted/,
  );
});

test("a permission that Deno denies", { skip: !deno && "npm has no Deno for this machine" }, async () => {
  const failure = await asked(deno, "run", "--no-prompt", "ask.js", "oauth-refresher/slim", CORE);
  assert.equal(failure.code, "engine_failed");
  assert.match(
    failure.message,
    /^The core does not run .the file of the core cannot be read: Requires read access.+--allow-read/,
  );
});

async function asked(program, ...args) {
  const { stdout, stderr } = await project.run(program, args);
  return JSON.parse(stdout || assert.fail(stderr));
}
