// The presets against servers that implement their documents and refuse every other request.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { go1, goTo, vault } from "oauth-refresher/providers";
import { startAll } from "../servers/index.mjs";

// One hour of the documents takes 0.2 s: Go1's access token lives 2.4 s, GoTo's and Vault's 0.2 s.
let servers;
before(async () => (servers = await startAll({ secondsPerHour: 0.2 })));
after(() => servers.close());

const presets = {
  go1: () => go1({ ...servers.go1.client, token_endpoint: servers.go1.token_endpoint }),
  goto: () => goTo({ ...servers.goto.client, token_endpoint: servers.goto.token_endpoint }),
  vault: () => vault({ partnerId: servers.vault.partnerId, token_endpoint: servers.vault.token_endpoint }),
};

function refresherFor(name, options) {
  const { origin } = new URL(servers[name].resource.url);
  return createRefresher({ ...presets[name](), origins: [origin], tokens: servers[name].mint(), ...options });
}

for (const name of Object.keys(presets)) {
  test(`${name}: five refreshes, each as the document has it`, async () => {
    const refresher = refresherFor(name);
    for (let round = 0; round < 5; round++) assert.ok(await refresher.refresh());
    const response = await refresher.fetch(servers[name].resource.url);
    assert.equal(response.status, 200);
    assert.deepEqual(servers[name].violations, []);
  });

  test(`${name}: a dead access token is renewed once by refresher.fetch, and the call answered`, async () => {
    const refresher = refresherFor(name);
    await refresher.getTokens();
    servers[name].rejectAccessTokens();
    const before = servers[name].requests.length;
    const responses = await Promise.all(
      Array.from({ length: 5 }, () => refresher.fetch(servers[name].resource.url)),
    );
    assert.deepEqual(
      responses.map(({ status }) => status),
      Array(5).fill(200),
    );
    assert.equal(servers[name].requests.length, before + 1);
    assert.deepEqual(servers[name].violations, []);
  });
}

test("goto: principal is kept, and the token type is Bearer though the reply has none", async () => {
  const { principal, token_type } = await refresherFor("goto").refresh();
  assert.equal(typeof principal, "string");
  assert.equal(token_type, "Bearer");
});

test("goto: the same refresh token for thirty days, then a new one, and the session lives on", async () => {
  const refresher = refresherFor("goto");
  await refresher.refresh();
  assert.equal(servers.goto.requests.at(-1).rotated, false);
  servers.goto.passHours(30 * 24 + 1);
  await refresher.refresh();
  assert.equal(servers.goto.requests.at(-1).rotated, true);
  await refresher.refresh();
  assert.equal(servers.goto.requests.at(-1).outcome, "granted");
});

test("vault: invalid_grant ends the session with the document's description", async () => {
  const refresher = refresherFor("vault", {
    tokens: { refresh_token: "bm90IG9uZSBvZiB5b3Vycw==" },
  });
  await assert.rejects(refresher.getAccessToken(), {
    code: "session_ended",
    error: "invalid_grant",
    error_description: "Refresh token has expired or is invalid.",
  });
});
