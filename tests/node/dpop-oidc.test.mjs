// DPoP against oidc-provider, an independent server: bound refresh tokens, detection of replayed proofs, nonces.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { dpop } from "oauth-refresher/dpop";
import { memoryStorage } from "oauth-refresher/storage";
import { startOidc } from "../servers/oidc.mjs";

let plain, strict;
before(async () => {
  [plain, strict] = await Promise.all([startOidc(), startOidc({ nonces: true })]);
});
after(() => Promise.all([plain.close(), strict.close()]));
beforeEach(() => {
  for (const { requests } of [plain, strict]) requests.length = 0;
});

const servers = { without_nonces: () => plain, with_nonces: () => strict };

for (const [name, server] of Object.entries(servers))
  for (const client of ["none", "basic", "post"])
    test(`three rotations of the client ${client} at oidc-provider, ${name}`, async () => {
      const { refresher, key } = await login(server(), client);
      for (let round = 0; round < 3; round++) await refresher.refresh();
      assert.equal(refresher.tokens.token_type, "DPoP");
      const outcomes = server().requests.map(({ outcome, error }) => error ?? outcome);
      const granted = ["granted", "granted", "granted"];
      assert.deepEqual(outcomes, name === "with_nonces" ? ["use_dpop_nonce", ...granted] : granted);
      assert.deepEqual(server().revokedFamilies, []);
      assert.ok(await key.thumbprint());
    });

test("a public client's refresh token is bound, and a wrong key is never tried with it", async () => {
  const { storage } = await login(plain, "none");
  const later = refresherFor(plain, "none", dpop(), storage);
  await assert.rejects(later.refresh(), { code: "session_ended", refreshTokenState: "unspent" });
  assert.deepEqual(plain.requests, []);
});

for (const client of ["basic", "post"])
  test(`the session of the confidential client ${client} continues with another key`, async () => {
    const { storage } = await login(plain, client);
    const later = refresherFor(plain, client, dpop(), storage);
    await later.getAccessToken();
    await later.refresh();
    assert.deepEqual(
      plain.requests.map(({ outcome }) => outcome),
      ["granted", "granted"],
    );
  });

test("a Bearer session becomes a bound one at its next refresh", async () => {
  const storage = memoryStorage();
  const refresher = refresherFor(strict, "none", dpop(), storage);
  await refresher.setTokens(await strict.mint("none"));
  assert.equal((await refresher.refresh()).token_type, "DPoP");
  assert.ok((await storage.load()).dpop_jkt);
});

test("discovery and revocation need no proof", async () => {
  const key = dpop();
  const { issuer, clients } = strict;
  const refresher = createRefresher({ issuer, ...clients.none, dpop: key });
  const tokens = await strict.mint("none", { jkt: await key.thumbprint() });
  await refresher.setTokens(tokens);
  await refresher.refresh();
  await refresher.signOut({ revoke: true });
  const again = createRefresher({ issuer, ...clients.none, dpop: key, tokens });
  await assert.rejects(again.refresh(), { code: "session_ended" });
});

function refresherFor({ token_endpoint, origin, clients }, client, key, storage) {
  const clientAuth = client === "none" ? "none" : `client_secret_${client}`;
  return createRefresher({
    token_endpoint,
    ...clients[client],
    clientAuth,
    dpop: key,
    storage,
    origins: [origin],
  });
}

async function login(server, client) {
  const [key, storage] = [dpop(), memoryStorage()];
  const refresher = refresherFor(server, client, key, storage);
  await refresher.setTokens(await server.mint(client, { jkt: await key.thumbprint() }));
  return { refresher, key, storage };
}
