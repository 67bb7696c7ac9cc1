// The client modules of the OpenID Foundation's conformance suite that concern a refresh, each against a server that behaves as the
// module's does (servers/conformance.mjs).
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

/** A server of that module, and a client of its plan that is logged in there. */
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

test("every_module_that_is_transcribed_is_run_by_its_name", () => {
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
  async a_refreshed_access_token_is_used_at_the_api({ server, refresher, call }) {
    assert.equal(await call(), 200);
    const before = refresher.tokens.access_token;
    await refresher.refresh();
    assert.notEqual(refresher.tokens.access_token, before);
    assert.equal(await call(), 200);
    await refresher.refresh();
    assert.equal(await call(), 200);
    assert.deepEqual([server.served.refreshes, server.served.accepted, server.served.metadata], [2, 3, 1]);
  },
  async a_refresh_response_of_somebody_else_is_rejected_and_nothing_is_called_after_it({
    refresher,
    storage,
    call,
    server,
  }) {
    await assert.rejects(refresher.refresh(), { code: "identity_mismatch", sessionEnded: true });
    await assert.rejects(call(), { code: "session_ended" });
    assert.deepEqual([await storage.load(), server.served.resource], [null, 0]);
  },
  async metadata_of_another_issuer_is_not_used({ refresher, server, storage }) {
    await assert.rejects(refresher.refresh(), {
      code: "unavailable",
      error_description: /names another issuer/,
    });
    assert.deepEqual([server.served.refreshes, server.served.resource], [0, 0]);
    assert.ok((await storage.load()).tokens.refresh_token);
  },
  async an_api_that_refuses_every_token_until_the_second_refresh_is_served_by_two_calls({ server, call }) {
    assert.equal(await call(), 401, "one refresh per call");
    assert.equal(await call(), 200);
    assert.deepEqual([server.served.refreshes, server.served.accepted], [2, 1]);
  },
  async without_expires_in_a_token_is_used_until_it_is_refused({ server, refresher, call }) {
    assert.equal(refresher.tokens.expires_at, undefined);
    assert.equal(await call(), 200);
    assert.equal(server.served.refreshes, 0);
    await refresher.refresh();
    assert.equal(await call(), 200);
  },
};

test("the_server_finds_out_a_client_that_uses_what_it_should_reject_or_proves_nothing", async (t) => {
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
