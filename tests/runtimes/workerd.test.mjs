// The packed tarball in workerd, the runtime of Cloudflare Workers, bundled as wrangler does and run by miniflare.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { startDPoPApi } from "../servers/dpop-api.mjs";
import { startAll, startOidc } from "../servers/index.mjs";
import { bundled, COMPATIBILITY_DATE } from "./bundle.mjs";

const WORKER = fileURLToPath(new URL("worker.mjs", import.meta.url));

let servers, nonces, api, other, jkt, bundle, workerd, refusing;
before(async () => {
  servers = await startAll({ secondsPerHour: 3600 });
  nonces = await startOidc({ nonces: true });
  [api, other] = await Promise.all([
    startDPoPApi({ nonces: true, accepts: () => jkt }),
    startDPoPApi({ accepts: () => jkt }),
  ]);
  refusing = await startRefusing();
  bundle = await bundled(WORKER);
  workerd = started();
  await workerd.ready;
});
after(async () => {
  await workerd?.dispose();
  await refusing?.close();
  await Promise.all([nonces, api, other].map((server) => server?.close()));
  await servers?.close();
});
beforeEach(() => {
  for (const server of [servers.oidc, servers.go1, servers.goto, servers.vault]) {
    server.requests.length = 0;
    server.faults.next = null;
  }
});

test("bundlers for Workers pick the workerd entry and leave the inlined core out", () => {
  assert.ok(bundle.inputs.some((path) => path.endsWith("oauth-refresher/entry/workerd.js")));
  assert.ok(!bundle.inputs.some((path) => path.endsWith("core-bytes.js")));
  assert.ok(bundle.modules.some(({ type }) => type === "CompiledWasm"));
});

test("a refresher at module scope does nothing until its first call", async () => {
  assert.equal(servers.oidc.requests.length, 0);
  assert.deepEqual(await ask("login", { tokens: await servers.oidc.mint("none") }), { state: "active" });
  assert.equal(servers.oidc.requests.length, 0);
});

for (const client of ["none", "basic", "post"])
  test(`tokens are refreshed at a real server with client authentication ${client}`, async () => {
    const clientAuth = client === "none" ? "none" : `client_secret_${client}`;
    const options = { ...servers.oidc.clients[client], clientAuth, tokens: await expired(client) };
    const { names, capabilities, events, state } = await ask("refresh", { options });
    assert.deepEqual(names, ["access_token", "expires_at", "id_token", "scope", "token_type"]);
    assert.equal(capabilities.engine, "wasm");
    assert.deepEqual(events, ["login", "refresh", "refresh"]);
    assert.equal(state, "active");
    assert.deepEqual(
      servers.oidc.requests.map(({ outcome, refreshTokenNumber }) => [outcome, refreshTokenNumber]),
      [
        ["granted", 1],
        ["granted", 2],
      ],
    );
  });

for (const name of ["go1", "goto", "vault"])
  test(`${name} is refreshed as its documentation says`, async () => {
    const { extras, token_type } = await ask("provider", { name, tokens: servers[name].mint(), rounds: 3 });
    assert.equal(token_type, "Bearer");
    assert.equal(extras.includes("principal"), name === "goto");
    assert.equal(servers[name].requests.length, 3);
    assert.deepEqual(servers[name].violations, []);
  });

test("twenty callers in one request share one token request", async () => {
  const options = { tokens: await expired("none") };
  assert.deepEqual(await ask("together", { options, callers: 20 }), { different: 1 });
  assert.equal(servers.oidc.requests.length, 1);
});

for (const kind of ["url", "request", "post", "init"])
  test(`a refused access token is refreshed once, and the call is answered, for ${kind}`, async () => {
    const { oidc } = servers;
    const tokens = await oidc.mint("none");
    const input = { tokens, url: oidc.resource.url, refuse: refusing.url("oidc"), kind };
    assert.equal((await ask("fetch", input)).status, 200);
    assert.equal(oidc.requests.length, 1);
  });

test("an invalid_token of go1 is recognised by its words", async () => {
  const { go1 } = servers;
  const input = {
    name: "go1",
    tokens: go1.mint(),
    url: go1.resource.url,
    refuse: refusing.url("go1"),
    kind: "url",
  };
  assert.equal((await ask("fetch", input)).status, 200);
  assert.equal(go1.requests.length, 1);
  assert.deepEqual(go1.violations, []);
});

const failures = {
  html: { code: "bad_response" },
  empty: { code: "bad_response" },
  huge: { code: "bad_response" },
  "no-access-token": { code: "bad_response" },
  redirect: { code: "bad_response" },
  "500-before": { code: "unavailable" },
  "html-502": { code: "unavailable" },
  hang: { code: "unavailable" },
  "lose-reply": { code: "outcome_unknown", refreshTokenState: "unknown" },
  truncate: { code: "outcome_unknown", refreshTokenState: "unknown" },
};

for (const [fault, expected] of Object.entries(failures))
  test(`a reply that is ${fault} is ${expected.code}`, async () => {
    const tokens = await expired("none");
    servers.oidc.faults.next = [fault, fault, fault, fault];
    const error = await ask("fails", { options: { tokens, timeoutSeconds: 1, retries: 0 } });
    for (const [name, value] of Object.entries(expected)) assert.equal(error[name], value, name);
    assert.ok(error.isOurs);
    assert.equal(error.kept, "active", "the tokens are kept");
    for (const token of [tokens.access_token, tokens.refresh_token])
      assert.ok(!error.text.includes(token.slice(0, 8)), "no token in what can be logged");
  });

test("workerd does not distinguish a refused connection from a lost reply, so the outcome is unknown", async () => {
  const options = { token_endpoint: await unusedEndpoint(), tokens: await expired("none"), retries: 0 };
  const error = await ask("fails", { options });
  assert.deepEqual([error.code, error.refreshTokenState], ["outcome_unknown", "unknown"]);
});

test("a replayed refresh token ends the session", async () => {
  const tokens = await expired("none");
  await ask("together", { options: { tokens }, callers: 1 });
  const error = await ask("fails", { options: { tokens } });
  assert.deepEqual(
    [error.code, error.oauthError, error.kept],
    ["session_ended", "invalid_grant", "session-ended"],
  );
});

test("requests that share an isolate share one token request", async () => {
  await ask("login", { tokens: await expired("none") });
  servers.oidc.faults.next = { name: "slow", delayMs: 300 };
  const answers = await Promise.all(Array.from({ length: 5 }, () => ask("shared")));
  assert.ok(answers.every(({ length }) => length > 20));
  assert.equal(servers.oidc.requests.length, 1);
});

// Before the compatibility flag "set_tostring_tag" (2024-09-26) a Response has no Symbol.toStringTag.
for (const compatibilityDate of [COMPATIBILITY_DATE, "2024-09-23"])
  test(`a transport carries token requests under the compatibility date ${compatibilityDate}`, async () => {
    const { modules } = await bundled(fileURLToPath(new URL("transport-worker.mjs", import.meta.url)));
    const worker = new Miniflare({ modules, compatibilityDate });
    try {
      const response = await worker.dispatchFetch("http://worker.example/");
      assert.deepEqual(await response.json(), { outcome: "refreshed", seen: ["POST", true] });
    } finally {
      await worker.dispose();
    }
  });

test("the test vectors of RFC 9449, 7638 and 8037 are reproduced", async () => {
  assert.deepEqual(await ask("dpopVectors"), []);
});

test("the test vectors of client assertions are reproduced", async () => {
  assert.deepEqual(await ask("assertionVectors"), []);
});

test("requests that share a DPoP key rotate a bound session with the server's nonces", async () => {
  const thumbprints = await Promise.all([ask("dpopThumbprint"), ask("dpopThumbprint")]);
  assert.equal(thumbprints[0], thumbprints[1]);
  const tokens = await nonces.mint("none", { jkt: thumbprints[0] });
  assert.deepEqual(await ask("dpopRounds", { tokens, rounds: 2 }), { token_type: "DPoP" });
  assert.deepEqual(await ask("dpopRounds", { rounds: 1 }), { token_type: "DPoP" });
  assert.deepEqual(
    nonces.requests.map(({ outcome, error }) => error ?? outcome),
    ["use_dpop_nonce", "granted", "granted", "granted"],
  );

  jkt = thumbprints[0];
  const init = { method: "POST", body: "text" };
  const first = await ask("dpopFetch", { url: `${api.origin}/a`, init });
  assert.deepEqual(first, { status: 200, answer: { ok: true, body: "text" } });
  const to = (place) => ({ url: `${api.origin}/a?to=${encodeURIComponent(place)}`, init });
  assert.equal((await ask("dpopFetch", to("/b"))).status, 200);
  assert.equal((await ask("dpopFetch", to(`${other.origin}/open`))).status, 200);
  assert.deepEqual(
    api.calls.map(({ path, status }) => [path, status]),
    [
      ["/a", 401],
      ["/a", 200],
      ["/a", 307],
      ["/b", 200],
      ["/a", 307],
    ],
  );
  assert.deepEqual(
    other.calls.map(({ authorization, dpop, body }) => [authorization, dpop, body]),
    [[undefined, undefined, "text"]],
  );
});

// --- helpers ----------------------------------------------------------------------------------------------------------

async function ask(action, input = {}) {
  const init = { method: "POST", body: JSON.stringify(input) };
  const response = await workerd.dispatchFetch(`http://worker.example/${action}`, init);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text);
}

/** An expired access token and a valid refresh token. */
async function expired(client) {
  return { ...(await servers.oidc.mint(client)), expires_in: undefined, expires_at: 1 };
}

async function unusedEndpoint() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/token`;
}

function started() {
  const { oidc, go1, goto, vault } = servers;
  const { token_endpoint } = oidc;
  return new Miniflare({
    modules: bundle.modules,
    compatibilityDate: COMPATIBILITY_DATE,
    bindings: {
      OIDC: { token_endpoint, client_id: oidc.clients.none.client_id },
      NONCES: { token_endpoint: nonces.token_endpoint, client_id: nonces.clients.none.client_id },
      NONCES_ORIGINS: [api.origin],
      GO1: { ...go1.client, token_endpoint: go1.token_endpoint },
      GOTO: { ...goto.client, token_endpoint: goto.token_endpoint },
      VAULT: { partnerId: vault.partnerId, token_endpoint: vault.token_endpoint },
    },
  });
}

/** A URL for each server; a request to it makes that server refuse every issued access token. */
async function startRefusing() {
  const server = createServer((req, res) => {
    servers[req.url.slice(1)].rejectAccessTokens();
    res.end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: (name) => `http://127.0.0.1:${server.address().port}/${name}`,
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}
