// The pages whose examples no other test runs, as they stand there: the README, builds, clients, migrating, security and services.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { openRecipes, recipesOf } from "./recipes.mjs";

const ENDPOINT = "https://auth.example/token";
const ISSUER = { issuer: "https://auth.example", token_endpoint: ENDPOINT };
const CORE = new URL(import.meta.resolve("oauth-refresher/core.wasm"));
const realFetch = globalThis.fetch;

let recipes, folder;

afterEach(async () => {
  globalThis.fetch = realFetch;
  for (const name of ["localStorage", "location"]) delete globalThis[name];
  delete process.env.CLIENT_SECRET;
  await recipes?.remove();
  if (folder) await rm(folder, { recursive: true, force: true });
  recipes = folder = undefined;
});

test("docs/builds.md: where WebAssembly is blocked, the core in JavaScript refreshes", async () => {
  const server = online("my-app");
  const { refresher } = await opened("docs/builds.md", '"oauth-refresher/js"');
  assert.equal(refresher.capabilities.engine, "js");
  await refreshes(refresher, server);
});

test("docs/builds.md: the core as a file of its own is loaded from the page's assets", async () => {
  const server = online("my-app");
  globalThis.location = { href: "https://app.example/" };
  const { refresher } = await opened("docs/builds.md", '"oauth-refresher/slim"');
  delete globalThis.location;
  assert.equal(refresher.capabilities.engine, "wasm");
  await refreshes(refresher, server);
});

test("docs/clients.md: the endpoints of an issuer are looked up, and the secret is asked for", async () => {
  const server = online("my-service", "0f4b77c1-clients");
  process.env.CLIENT_SECRET = "0f4b77c1-clients";
  recipes = await openRecipes({}, "docs/clients.md");
  const { refresher } = await recipes.load("1");
  await refreshes(refresher, server);
  const { resource, authorization_details } = server.requests[0].parameters;
  assert.equal(resource, "https://api.example");
  assert.deepEqual(JSON.parse(authorization_details), [{ type: "notes", actions: ["read"] }]);
});

test("docs/clients.md: a client signs, for its issuer", async () => {
  const server = online("my-service");
  recipes = await openRecipes({}, "docs/clients.md");
  const { signing } = await recipes.load("2");
  await refreshes(signing, server);
  const [, claims] = server.requests[0].parameters.client_assertion.split(".");
  assert.equal(JSON.parse(Buffer.from(claims, "base64url")).aud, "https://auth.example");
});

test("docs/migrating.md: what an interceptor stored is taken over once, and axios calls with it", async () => {
  const server = online("my-app");
  const stored = new Map([["tokens", JSON.stringify(server.login())]]);
  globalThis.localStorage = areaOf(stored);
  recipes = await openRecipes({}, "docs/migrating.md");
  const { refresher, takeOver } = await recipes.load("from-interceptor");
  await takeOver();
  await takeOver();
  assert.deepEqual([...stored.keys()], ["my-app.session"]);
  const { api } = await recipes.load("from-axios-auth-refresh");
  assert.equal((await api.get("/me")).status, 200);
  await refreshes(refresher, server);
});

test("docs/migrating.md: a user of oidc-client-ts is handed over and removed there", async () => {
  const server = online("my-app");
  globalThis.localStorage = areaOf(new Map());
  recipes = await openRecipes({}, "docs/migrating.md");
  const users = [
    { ...server.login(), token_type: "Bearer", expires_at: Date.now() / 1000 + 60, profile: {} },
  ];
  globalThis.userManager = {
    signinCallback: async () => users[0],
    getUser: async () => users[0] ?? null,
    removeUser: async () => void users.pop(),
  };
  try {
    const { callback, atStart } = await recipes.load("from-oidc-client-ts");
    const { refresher } = await recipes.load("from-interceptor");
    await callback();
    assert.deepEqual(users, []);
    await atStart();
    await refreshes(refresher, server);
  } finally {
    delete globalThis.userManager;
  }
});

test("docs/migrating.md: the credentials of google-auth-library are taken over", async () => {
  const server = online("my-app.apps.googleusercontent.com", "s3cret", "https://oauth2.googleapis.com/token");
  process.env.CLIENT_SECRET = "s3cret";
  folder = await mkdtemp(join(tmpdir(), "google-"));
  recipes = await openRecipes(
    { '"google.json"': JSON.stringify(join(folder, "google.json")) },
    "docs/migrating.md",
  );
  const { refresher, takeOver } = await recipes.load("from-google-auth-library");
  const { access_token, refresh_token } = server.login();
  await takeOver({ access_token, refresh_token, expiry_date: Date.now() + 3_600_000 });
  assert.equal(await refresher.getAccessToken(), access_token);
  await refreshes(refresher, server);
});

test("docs/security.md: the backend serves a signed-in page's own requests and no other", async () => {
  const server = online("my-app", "s3cret");
  process.env.CLIENT_SECRET = "s3cret";
  folder = await mkdtemp(join(tmpdir(), "backend-"));
  globalThis.personOf = (cookie) => /person=(\w+)/.exec(cookie)?.[1];
  recipes = await openRecipes(
    {
      "/var/lib/my-app": folder,
      "createServer(": "globalThis.backend = createServer(",
      "listen(8080)": "listen(0, '127.0.0.1')",
    },
    "docs/security.md",
  );
  await recipes.load("backend");
  const { backend } = globalThis;
  try {
    await (backend.listening || once(backend, "listening"));
    const origin = `http://127.0.0.1:${backend.address().port}/me`;
    const { fileStorage } = await import("oauth-refresher/storage/node");
    const options = {
      token_endpoint: ENDPOINT,
      client_id: "my-app",
      client_secret: "s3cret",
      background: "never",
    };
    const login = createRefresher({ ...options, storage: fileStorage(join(folder, "ada.json")) });
    await login.setTokens(server.login());
    login.close();
    const own = { cookie: "person=ada", "x-requested-with": "my-app" };
    assert.equal((await realFetch(origin, { headers: own })).status, 200);
    assert.equal((await realFetch(origin, { headers: { cookie: "person=ada" } })).status, 401);
    assert.equal((await realFetch(origin, { headers: { "x-requested-with": "my-app" } })).status, 401);
  } finally {
    backend.closeAllConnections();
    backend.close();
    delete globalThis.personOf;
    delete globalThis.backend;
  }
});

test("docs/services.md: a tool's session in a file", async () => {
  const server = online("my-tool");
  folder = await mkdtemp(join(tmpdir(), "tool-"));
  recipes = await openRecipes({ "/var/lib/my-tool": folder }, "docs/services.md");
  const { refresher } = await recipes.load("3");
  await refreshes(refresher, server);
});

test("docs/services.md: a storage of two functions keeps a session", async () => {
  const server = online("my-app");
  let kept = null;
  globalThis.database = {
    read: async () => kept,
    async replace(record, expected) {
      if ((kept?.generation ?? null) !== expected) return false;
      kept = record;
      return true;
    },
  };
  recipes = await openRecipes({}, "docs/services.md");
  try {
    const { storage } = await recipes.load("4");
    const refresher = createRefresher({ token_endpoint: ENDPOINT, client_id: "my-app", storage });
    await refreshes(refresher, server);
    assert.equal(kept.tokens.access_token, server.last);
  } finally {
    delete globalThis.database;
  }
});

/** The exports of the block that imports it. */
async function opened(document, imported) {
  recipes = await openRecipes({}, document);
  const [name] = Object.entries(recipesOf(document)).find(([, code]) => code.includes(imported));
  return recipes.load(name.replace(/\.ts$/, ""));
}

/** The authorization server and the API of an example, in the place of the network. */
function online(client_id, client_secret, token_endpoint = ENDPOINT) {
  const server = fakeAuthorizationServer({ client_id, client_secret, token_endpoint });
  server.asked = [];
  globalThis.fetch = async (input, init) => {
    const { url, headers } = new Request(input, init);
    if (url == "https://app.example/assets/core.wasm")
      return new Response(readFileSync(CORE), { headers: { "content-type": "application/wasm" } });
    if (url.includes("/.well-known/")) return Response.json(ISSUER);
    if (!url.startsWith(token_endpoint)) server.asked.push([url, headers.get("authorization")]);
    const reply = await server.fetch(input, init);
    if (url == token_endpoint) server.last = (await reply.clone().json()).access_token;
    return reply;
  };
  return server;
}

/** A login, a refresh, and the token of that for the API. */
async function refreshes(refresher, server) {
  await refresher.setTokens(server.login());
  const before = server.requests.length;
  const { access_token } = await refresher.refresh();
  assert.equal(server.requests.length, before + 1);
  assert.equal(access_token, server.last);
  assert.equal(await refresher.getAccessToken(), access_token);
  refresher.close();
}

const areaOf = (map) => ({
  getItem: (key) => map.get(key) ?? null,
  setItem: (key, value) => void map.set(key, value),
  removeItem: (key) => void map.delete(key),
});
