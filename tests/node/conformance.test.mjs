// The client modules of the OpenID Foundation's conformance suite that test a refresh, each against a server that behaves like the
// module (servers/conformance.mjs).
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { privateKeyJwt } from "oauth-refresher/client-auth";
import { dpop } from "oauth-refresher/dpop";
import { memoryStorage } from "oauth-refresher/storage";
import { MODULES, startConformance } from "../servers/conformance.mjs";

const OIDC = "oidcc-client-test-";
const FAPI = "fapi2-security-profile-final-client-";
const P256 = { name: "ECDSA", namedCurve: "P-256" };

/** A server of that module, and a logged-in client of its plan. */
async function session(t, name) {
  const isFapi = name.startsWith("fapi2");
  const pair = await crypto.subtle.generateKey(P256, false, ["sign"]);
  const key = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const client = isFapi
    ? { client_id: "client-of-the-suite", key, alg: "ES256" }
    : { client_id: "client-of-the-suite", client_secret: "a-secret-of-the-suite-94" };
  const server = await startConformance(name, client);
  t.after(server.close);
  const { issuer } = server;
  const proving = isFapi ? dpop() : undefined;
  const storage = memoryStorage();
  const refresher = createRefresher({
    issuer,
    client_id: client.client_id,
    ...(isFapi
      ? { clientAuth: privateKeyJwt(pair.privateKey), dpop: proving }
      : { client_secret: client.client_secret }),
    storage,
    retries: 0,
    origins: [new URL(issuer).origin],
  });
  await refresher.setTokens(server.login(await proving?.thumbprint()));
  const call = async () => (await refresher.fetch(server.resource)).status;
  return { server, refresher, storage, call };
}

test("every transcribed test module is run by its name", () => {
  assert.deepEqual(Object.keys(MODULES).sort(), [...run].sort());
});

const run = new Set();
const module = (name, claim) => {
  run.add(name);
  test(`${name}: ${claim}`, async (t) => {
    const here = await session(t, name);
    await checks[claim](here);
    assert.deepEqual(here.server.faults, []);
  });
};

const checks = {
  async "a refreshed access token is used at the API"({ server, refresher, call }) {
    assert.equal(await call(), 200);
    const before = refresher.tokens.access_token;
    await refresher.refresh();
    assert.notEqual(refresher.tokens.access_token, before);
    assert.equal(await call(), 200);
    await refresher.refresh();
    assert.equal(await call(), 200);
    assert.deepEqual([server.served.refreshes, server.served.accepted, server.served.metadata], [2, 3, 1]);
  },
  async "a refresh response for another person is rejected, and no call follows"({
    refresher,
    storage,
    call,
    server,
  }) {
    await assert.rejects(refresher.refresh(), { code: "identity_mismatch", sessionEnded: true });
    await assert.rejects(call(), { code: "session_ended" });
    assert.deepEqual([await storage.load(), server.served.resource], [null, 0]);
  },
  async "metadata of another issuer is not used"({ refresher, server, storage }) {
    await assert.rejects(refresher.refresh(), {
      code: "client_rejected",
      error_description: /^the issuer is .*, and its metadata names .*: write that$/,
      refreshTokenState: "unspent",
    });
    assert.deepEqual([server.served.refreshes, server.served.resource], [0, 0]);
    assert.ok((await storage.load()).tokens.refresh_token);
  },
  async "an API that refuses every token until the second refresh is served by two calls"({ server, call }) {
    assert.equal(await call(), 401, "one refresh per call");
    assert.equal(await call(), 200);
    assert.deepEqual([server.served.refreshes, server.served.accepted], [2, 1]);
  },
  async "without expires_in a token is used until it is refused"({ server, refresher, call }) {
    assert.equal(refresher.tokens.expires_at, undefined);
    assert.equal(await call(), 200);
    assert.equal(server.served.refreshes, 0);
    await refresher.refresh();
    assert.equal(await call(), 200);
  },
};

test("the server detects a client that accepts what it should reject or sends no proof", async (t) => {
  const careless = await session(t, `${OIDC}refresh-token-invalid-sub`);
  await careless.refresher.refresh().catch(() => {});
  await fetch(careless.server.resource, { headers: { authorization: "Bearer what-came" } });
  assert.match(String(careless.server.faults), /a session that must not exist/);
  const unproved = await session(t, `${FAPI}refresh-token-test`);
  await fetch(unproved.server.resource, { headers: { authorization: "Bearer x" } });
  const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: "x", client_id: "y" });
  await fetch(`${unproved.server.issuer}token`, { method: "POST", body });
  assert.match(
    String(unproved.server.faults),
    /the scheme Bearer,the proof at resource.*client_assertion came 0 times/,
  );
});

const [happy, rejected, misnamed, twice, endless] = Object.keys(checks);
module(`${OIDC}refresh-token`, happy);
for (const claim of ["issuer", "sub", "aud"]) module(`${OIDC}refresh-token-invalid-${claim}`, rejected);
module(`${OIDC}discovery-issuer-mismatch`, misnamed);
module(`${FAPI}refresh-token-test`, twice);
module(`${FAPI}test-happy-path`, happy);
module(`${FAPI}test-happy-path-no-dpop-nonce`, happy);
module(`${FAPI}test-token-type-case-insensitivity`, happy);
module(`${FAPI}test-token-endpoint-response-without-expires_in`, endless);
module(`${FAPI}test-rs-dpop-auth-scheme-case-insensitivity`, happy);
module(`${FAPI}test-discovery-issuer-mismatch`, misnamed);
