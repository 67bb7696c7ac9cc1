// docs/login.md and docs/errors.md as they stand there: a login by each library, the hand-over, and what a page does with errors.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, afterEach, before, test } from "node:test";
import { createRefresher, RefreshError } from "oauth-refresher";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { openRecipes } from "./recipes.mjs";

const ISSUER = "https://auth.example";
const CLIENTS = { "oauth4webapi in a page": "my-app", "openid-client on a server": "my-service" };

let realFetch, recipes;

before(() => {
  realFetch = globalThis.fetch;
  process.env.CLIENT_SECRET = "a-secret-of-the-service";
});
afterEach(async () => {
  globalThis.fetch = realFetch;
  for (const name of ["location", "sessionStorage", "history"]) delete globalThis[name];
  await recipes?.remove();
});
after(() => delete process.env.CLIENT_SECRET);

test("a page signs in with oauth4webapi: the code is exchanged with its verifier and the reply is the session", async () => {
  const server = issuer(CLIENTS["oauth4webapi in a page"]);
  recipes = await openRecipes(inMemory, "docs/login.md");
  const page = browser();
  const { login, callback } = await recipes.load("login");
  const { refresher } = await recipes.load("session");

  await login();
  page.comesBackTo(server.authorized(page.wentTo));
  await callback();
  assert.equal(await refresher.getAccessToken(), server.given[0].access_token);
  assert.equal(page.address, "/", "the code leaves the address bar");

  await refresher.refresh();
  assert.equal(await refresher.getAccessToken(), server.given[1].access_token);
  await assert.rejects(callback(), "a second run of the callback has neither state nor verifier");
  refresher.close();
});

test("a server signs a person in with openid-client and hands the reply over as it is", async () => {
  const server = issuer(CLIENTS["openid-client on a server"]);
  recipes = await openRecipes({}, "docs/login.md");
  const { login, callback } = await recipes.load("login-on-server");
  const refresher = createRefresher({ token_endpoint: `${ISSUER}/token`, client_id: "my-service" });

  const { to, kept } = await login();
  await callback(server.authorized(to), kept, refresher);
  assert.equal(await refresher.getAccessToken(), server.given[0].access_token);
  assert.ok(refresher.tokens?.id_token);
  refresher.close();
});

test("a page at its start shows the login to a visitor and follows what other tabs do", async () => {
  issuer("my-app");
  recipes = await openRecipes(inMemory, "docs/login.md");
  const shown = [];
  globalThis.show = (page) => shown.push(page);
  await recipes.load("start");
  const { refresher } = await recipes.load("session");
  assert.deepEqual(shown, ["login"]);
  await refresher.setTokens({ access_token: "from-a-login", refresh_token: "one-use", expires_in: 3600 });
  await refresher.signOut();
  assert.deepEqual(shown, ["login", "home", "login"]);
  refresher.close();
  delete globalThis.show;
});

test("where a server renders there is no refresher, and in the browser there is one", async () => {
  issuer("my-app");
  recipes = await openRecipes(inMemory, "docs/login.md");
  assert.equal((await recipes.load("session-in-browser")).refresher, null);
  await recipes.remove();
  globalThis.window = globalThis;
  try {
    recipes = await openRecipes(inMemory, "docs/login.md");
    const { refresher } = await recipes.load("session-in-browser");
    assert.equal(await refresher.load(), null);
    refresher.close();
  } finally {
    delete globalThis.window;
  }
});

test("after session-ended the page comes back to where it was, and to no other origin", async () => {
  issuer("my-app");
  recipes = await openRecipes(inMemory, "docs/login.md");
  const page = browser("https://app.example/notes/7?edit");
  const { goBack } = await recipes.load("after-session-ended");
  const { refresher } = await recipes.load("session");
  await refresher.setTokens({
    access_token: "old",
    refresh_token: "unknown-to-the-server",
    expires_in: 3600,
  });
  await assert.rejects(refresher.refresh(), { code: "session_ended" });
  assert.equal(page.wentTo, "/login");
  goBack();
  assert.equal(page.wentTo, "/notes/7?edit");
  sessionStorage.setItem("return-to", "//evil.example/");
  goBack();
  assert.equal(page.wentTo, "/");
  refresher.close();
});

test("a sign-out tells the server and leaves nothing", async () => {
  const server = issuer("my-app");
  recipes = await openRecipes(inMemory, "docs/login.md");
  const page = browser();
  const { signOut } = await recipes.load("sign-out");
  const { refresher } = await recipes.load("session");
  await refresher.setTokens({ access_token: "a", refresh_token: "to-be-revoked", expires_in: 3600 });
  await signOut();
  assert.deepEqual(server.revoked, ["to-be-revoked"]);
  assert.equal(page.wentTo, "/");
  await assert.rejects(refresher.getAccessToken(), { code: "signed_out" });
  refresher.close();
});

test("what an application does about an error is what docs/errors.md says, for each code", async () => {
  recipes = await openRecipes({}, "docs/errors.md");
  const { whatNow } = await recipes.load("what-now");
  const server = fakeAuthorizationServer();
  const withSession = () => createRefresher({ ...server.options, tokens: server.login() });
  const decided = async (call) => whatNow(await call.then(assert.fail, (error) => error));

  const visitor = createRefresher(server.options);
  assert.equal(await decided(visitor.getAccessToken()), "login");
  const ended = withSession();
  server.revokeAll();
  assert.equal(await decided(ended.refresh()), "login");
  const busy = withSession();
  server.next("429");
  assert.equal(await decided(busy.refresh({ timeoutSeconds: 0.2 })), "later");
  const unsure = withSession();
  server.next("lost-reply");
  assert.equal(await decided(unsure.refresh()), "later");
  const misconfigured = withSession();
  server.next("invalid_client");
  assert.equal(await decided(misconfigured.refresh()), "report");
  const left = withSession();
  const abort = AbortSignal.abort();
  assert.equal(await decided(left.refresh({ signal: abort })), "ignore");
  left.close();
  assert.equal(await decided(left.refresh()), "ignore");
  assert.equal(whatNow(new TypeError("a fault of the application")), "report");
  assert.ok(RefreshError);
  for (const refresher of [visitor, ended, busy, unsure, misconfigured]) refresher.close();
});

// --- what the tests speak of ------------------------------------------------------------------------------------------

/** Node has no IndexedDB: the recipe's storage is one that lives as long as its module. */
const inMemory = {
  'indexedDbStorage("session")': "memoryStorage()",
  "{ indexedDbStorage }": "{ memoryStorage }",
};

/** An authorization server behind the global fetch, with codes, PKCE and one-time refresh tokens. */
function issuer(client_id) {
  const codes = new Map();
  const refreshTokens = new Set();
  const given = [];
  const revoked = [];
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

  globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    const { origin, pathname } = new URL(request.url);
    if (origin !== ISSUER) return realFetch(input, init);
    if (pathname === "/.well-known/openid-configuration" || pathname.startsWith("/.well-known/oauth"))
      return Response.json({
        issuer: ISSUER,
        authorization_endpoint: `${ISSUER}/authorize`,
        token_endpoint: `${ISSUER}/token`,
        response_types_supported: ["code"],
      });
    const body = new URLSearchParams(await request.text());
    if (pathname === "/revoke") return (revoked.push(body.get("token")), new Response(""));
    return body.get("grant_type") === "refresh_token" ? refreshed(body) : exchanged(body);
  };

  function exchanged(body) {
    const asked = codes.get(body.get("code"));
    codes.delete(body.get("code"));
    const challenge = createHash("sha256").update(body.get("code_verifier")).digest("base64url");
    if (challenge !== asked?.code_challenge || body.get("redirect_uri") !== asked.redirect_uri)
      return refused();
    return Response.json(tokens());
  }

  function refreshed(body) {
    return refreshTokens.delete(body.get("refresh_token")) ? Response.json(tokens()) : refused();
  }

  const refused = () => Response.json({ error: "invalid_grant" }, { status: 400 });

  function tokens() {
    const number = given.length + 1;
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: ISSUER, sub: "ada", aud: client_id, iat: now, exp: now + 3600 };
    const reply = {
      access_token: `access-token-number-${number}`,
      token_type: "bearer",
      expires_in: 3600,
      refresh_token: `refresh-token-number-${number}`,
      id_token: `${encode({ alg: "RS256", typ: "JWT" })}.${encode(claims)}.${encode("unsigned")}`,
    };
    refreshTokens.add(reply.refresh_token);
    given.push(reply);
    return reply;
  }

  return {
    given,
    revoked,
    /** The person agrees at the authorization endpoint: where they come back to. */
    authorized(address) {
      const asked = Object.fromEntries(new URL(address).searchParams);
      assert.equal(asked.code_challenge_method, "S256");
      const code = `code-${codes.size + 1}`;
      codes.set(code, asked);
      return new URL(`${asked.redirect_uri}?${new URLSearchParams({ code, state: asked.state })}`);
    },
  };
}

/** As much of a page as the recipes touch. */
function browser(at = "https://app.example/") {
  const kept = new Map();
  const page = { wentTo: undefined, address: undefined, comesBackTo: (url) => place(url) };
  const place = (url) => {
    const { href, pathname, search } = new URL(url);
    const go = (to) => void (page.wentTo = String(to));
    globalThis.location = { href, pathname, search, assign: go, replace: go };
  };
  place(at);
  globalThis.sessionStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
  globalThis.history = { replaceState: (state, unused, address) => void (page.address = address) };
  return page;
}
