// The Worker in Rust (crate `worker`, examples/apps/worker) in real workerd against oidc-provider: a Durable Object holds the session.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { COMPATIBILITY_DATE } from "../runtimes/bundle.mjs";
import { startOidc } from "../servers/index.mjs";

const APP = fileURLToPath(new URL("../../target/apps/worker_in_rust", import.meta.url));
/** The module that `worker-build` generates around a Worker. */
const ENTRY = `import module from "./worker_in_rust_bg.wasm";
import { fetch, initSync, Session } from "./worker_in_rust.js";
initSync({ module });
export { Session };
export default { fetch: (request, env, context) => fetch(request, env, context) };`;

let oidc, workerd, url;

before(async () => {
  oidc = await startOidc();
  workerd = new Miniflare({
    modules: await modules(),
    compatibilityDate: COMPATIBILITY_DATE,
    durableObjects: { SESSION: { className: "Session", useSQLite: true } },
    bindings: {
      TOKEN_ENDPOINT: oidc.token_endpoint,
      REVOCATION_ENDPOINT: oidc.revocation_endpoint,
      CLIENT_ID: oidc.clients.none.client_id,
    },
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  });
  await workerd.ready;
  url = await workerd.unsafeGetDirectURL();
});
after(async () => {
  await workerd?.dispose();
  await oidc?.close();
});

test("a hundred requests at once are one refresh", async () => {
  await put("ada", await expired());
  oidc.requests.length = 0;
  const answers = await Promise.all(Array.from({ length: 100 }, () => get("ada")));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
  assert.deepEqual(outcomes(), ["granted 1"]);
  assert.equal((await get("ada")).text, answers[0].text, "it is kept");
  assert.equal(oidc.requests.length, 1);
});

test("sessions are separate, and one that never began has no token", async () => {
  await put("grace", await oidc.mint("none"));
  assert.equal((await get("grace")).status, 200);
  assert.deepEqual(await get("unknown"), { status: 401, text: "signed_out" });
});

test("a caller that disconnects does not cancel the refresh", async () => {
  await put("joan", await expired());
  oidc.requests.length = 0;
  oidc.faults.next = "slow";
  const gone = new AbortController();
  const call = fetch(new URL("joan", url), { signal: gone.signal }).catch((error) => error.name);
  setTimeout(() => gone.abort(), 100);
  assert.equal(await call, "AbortError");
  assert.equal((await get("joan")).status, 200);
  assert.deepEqual(outcomes(), ["granted 1"]);
});

test("a sign-out ends the session, and so does the server's refusal", async () => {
  const login = await oidc.mint("none");
  await put("mary", login);
  assert.equal((await fetch(new URL("mary", url), { method: "DELETE" })).status, 200);
  await put("mary again", { ...login, expires_in: undefined, expires_at: 1 });
  assert.equal((await get("mary again")).status, 401, "the refresh token is revoked at the server");
  assert.deepEqual(await get("mary"), { status: 401, text: "signed_out" });
  await put("hedy", await expired());
  oidc.endSessions();
  assert.deepEqual(await get("hedy"), { status: 401, text: "session_ended" });
});

const expired = async () => ({ ...(await oidc.mint("none")), expires_in: undefined, expires_at: 1 });

const outcomes = () =>
  oidc.requests.map(({ outcome, refreshTokenNumber }) => `${outcome} ${refreshTokenNumber}`);

async function put(name, tokens) {
  const response = await fetch(new URL(name, url), { method: "PUT", body: JSON.stringify(tokens) });
  assert.equal(response.status, 200, await response.text());
}

async function get(name) {
  const response = await fetch(new URL(name, url));
  return { status: response.status, text: await response.text() };
}

async function modules() {
  const files = await readdir(APP, { recursive: true });
  const found = files
    .filter((file) => /\.(js|wasm)$/.test(file))
    .map(async (file) => {
      const type = file.endsWith(".js") ? "ESModule" : "CompiledWasm";
      const contents = await readFile(join(APP, file), type === "ESModule" ? "utf8" : undefined);
      return { type, path: file, contents };
    });
  return [{ type: "ESModule", path: "entry.mjs", contents: ENTRY }, ...(await Promise.all(found))];
}
