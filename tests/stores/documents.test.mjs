// docs/services.md and the server's part of docs/login.md as they stand there, with Redis and PostgreSQL.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { openRecipes } from "../compose/recipes.mjs";
import { startPostgres } from "./postgres-server.mjs";
import { startRedis } from "./redis-server.mjs";

const ENDPOINT = "https://auth.example/token";
const realFetch = globalThis.fetch;
let redis, postgres, recipes;

before(async () => ([redis, postgres] = await Promise.all([startRedis(), startPostgres()])));
after(async () => {
  await redis?.close();
  await postgres?.close();
});
afterEach(async () => {
  globalThis.fetch = realFetch;
  delete process.env.CLIENT_SECRET;
  await globalThis.connected?.destroy?.();
  await globalThis.connected?.end?.();
  for (const name of ["connected", "personOf", "cookies"]) delete globalThis[name];
  await recipes?.remove();
  await redis.command("flushall");
});

test("docs/services.md: a service's session in Redis", async () => {
  const server = online("s3cret");
  const { refresher } = await opened("docs/services.md", "1");
  await refreshes(refresher, server);
});

test("docs/services.md: a session in PostgreSQL, whose table is made", async () => {
  const server = online();
  const { storage } = await opened("docs/services.md", "2");
  const refresher = createRefresher({ token_endpoint: ENDPOINT, client_id: "my-service", storage });
  await refreshes(refresher, server);
});

test("docs/services.md: of many sessions each person has one", async () => {
  const server = online();
  const { withSession } = await opened("docs/services.md", "5");
  const reply = server.login();
  await withSession("ada", (refresher) => refresher.setTokens(reply));
  assert.equal(await withSession("ada", (refresher) => refresher.getAccessToken()), reply.access_token);
  await assert.rejects(
    withSession("grace", (refresher) => refresher.getAccessToken()),
    { code: "signed_out" },
  );
});

/** What each framework gives its route: Next.js the cookies of the request by an import, SvelteKit an event with them. */
const ROUTES = {
  "next-route": ({ GET }, jar) => {
    globalThis.cookies = async () => ({ get: (name) => jar.has(name) && { name, value: jar.get(name) } });
    return GET();
  },
  "sveltekit-server": ({ GET }, jar) => GET({ cookies: jar }),
};
for (const [name, ask] of Object.entries(ROUTES))
  test(`docs/login.md: ${name} calls the API as the person of the cookie, and says who must sign in`, async () => {
    const server = online("s3cret");
    const { sessionOf } = await opened("docs/login.md", "session-of");
    const route = await recipes.load(name);
    globalThis.personOf = async (cookie) => /^verified:(\w+)$/.exec(cookie)?.[1] ?? null;
    const answer = async (cookie) => {
      const reply = await ask(route, new Map(cookie ? [["session", cookie]] : []));
      return [reply.status, await reply.text()];
    };
    const logIn = async (reply) => {
      const login = sessionOf("ada");
      await login.setTokens(reply);
      login.close();
    };
    const expired = () => ({ ...server.login(), expires_in: undefined, expires_at: 1 });

    await logIn(server.login());
    assert.deepEqual(await answer("verified:ada"), [200, '{"ok":true}']);
    server.rejectAccessTokens();
    assert.deepEqual(await answer("verified:ada"), [200, '{"ok":true}']);
    assert.equal(server.requests.length, 1);
    for (const cookie of [undefined, "forged:ada"]) assert.deepEqual(await answer(cookie), [401, ""]);
    assert.deepEqual(await answer("verified:grace"), [401, "signed_out"]);
    await logIn(expired());
    server.next("lost-reply");
    assert.deepEqual(await answer("verified:ada"), [503, "outcome_unknown"]);
    await logIn(expired());
    server.revokeAll();
    assert.deepEqual(await answer("verified:ada"), [401, "session_ended"]);
  });

/** The exports of that block, whose connection is this file's to end. */
async function opened(document, name) {
  const url = `{ url: "redis://127.0.0.1:${redis.port}" }`;
  recipes = await openRecipes(
    {
      "postgres://localhost/app": `postgres://postgres@127.0.0.1:${postgres.port}/postgres`,
      '{ url: "redis://localhost" }': url,
      "createClient()": `createClient(${url})`,
      "await createClient": "globalThis.connected = await createClient",
      "new Pool": "globalThis.connected = new Pool",
      '"next/headers"': '"data:text/javascript,export const cookies = () => globalThis.cookies()"',
    },
    document,
  );
  return recipes.load(name);
}

/** The authorization server and the API, in the place of the network. */
function online(client_secret) {
  if (client_secret) process.env.CLIENT_SECRET = client_secret;
  const server = fakeAuthorizationServer({
    client_id: "my-service",
    client_secret,
    token_endpoint: ENDPOINT,
  });
  globalThis.fetch = server.fetch;
  return server;
}

async function refreshes(refresher, server) {
  const reply = server.login();
  await refresher.setTokens(reply);
  assert.notEqual((await refresher.refresh()).access_token, reply.access_token);
  assert.equal(server.requests.length, 1);
  refresher.close();
}
