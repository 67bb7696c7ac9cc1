// refresher.fetch with a DPoP-bound token, at a resource server on loopback that checks every member of every proof (RFC 9449 sections 7, 9).

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { dpop } from "oauth-refresher/dpop";
import { memoryStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { bindingServer } from "../servers/binding.mjs";
import { startDPoPApi } from "../servers/dpop-api.mjs";
import { startOidc } from "../servers/oidc.mjs";
import { claimsOf } from "../servers/proof.mjs";
import { respond } from "../servers/wire.mjs";

/** Valid access token → thumbprint of its key. */
const live = new Map();
const accepts = (token) => live.get(token);
let api, strict, other, late;
before(async () => {
  [api, strict, other, late] = await Promise.all([
    startDPoPApi({ accepts }),
    startDPoPApi({ accepts, nonces: true }),
    startDPoPApi({ accepts }),
    startDPoPApi({ accepts, clock: () => Date.now() + 3_600_000 }),
  ]);
});
after(() => Promise.all([api, strict, other, late].map(({ close }) => close())));
beforeEach(() => {
  for (const server of [api, strict, other, late]) {
    server.calls.length = 0;
    server.answers = {};
  }
});

test("E2 every request has the token under its scheme and its own proof", async () => {
  const { refresher } = await session();
  const url = `${api.origin}/things/a%20b/../c?page=2#part`;
  for (const [input, init] of [
    [url],
    [new URL(url), { method: "delete" }],
    [new Request(url, { method: "PUT", body: "x" })],
    [url, { method: "PATCH", body: "x", headers: { "content-type": "text/plain" } }],
  ])
    assert.equal((await refresher.fetch(input, init)).status, 200);
  const claims = api.proofs.accepted.slice(-4);
  assert.deepEqual(
    claims.map(({ htm, htu }) => [htm, htu]),
    ["GET", "DELETE", "PUT", "PATCH"].map((method) => [method, `${api.origin}/things/c`]),
  );
  assert.equal(new Set(claims.map(({ jti }) => jti)).size, 4);
});

for (const token_type of ["dpop", "DPOP", "dPoP"])
  test(`E8 a token_type written ${token_type} is sent as DPoP`, async () => {
    const { refresher } = await session({ token_type });
    await refresher.fetch(`${api.origin}/a`);
    assert.deepEqual(statuses(api), [200], "at once, and not after a refresh");
  });

test("a Bearer token is sent without a proof", async () => {
  const { refresher, inits } = await session({ token_type: "Bearer" });
  await refresher.fetch(`${api.origin}/open`);
  assert.match(api.calls[0].authorization, /^Bearer /);
  assert.equal(api.calls[0].dpop, undefined);
  assert.deepEqual(Object.keys(inits[0]), ["headers"], "the platform follows its redirects, as without DPoP");
});

// --- nonces -----------------------------------------------------------------------------------------------------------

for (const [name, input] of [
  ["url", [(origin) => `${origin}/a`, undefined]],
  ["string_body", [(origin) => `${origin}/a`, { method: "POST", body: "text" }]],
  ["bytes", [(origin) => `${origin}/a`, { method: "POST", body: new TextEncoder().encode("text") }]],
  ["form", [(origin) => `${origin}/a`, { method: "POST", body: new URLSearchParams({ a: "b" }) }]],
  ["request", [(origin) => new Request(`${origin}/a`, { method: "POST", body: "text" }), undefined]],
])
  test(`E8 a resource server's nonce costs one retry with the same token for a ${name}`, async () => {
    const { refresher, as } = await session();
    strict.proofs.renew();
    const [make, init] = input;
    const response = await refresher.fetch(make(strict.origin), init);
    assert.equal(response.status, 200);
    assert.equal((await refresher.fetch(make(strict.origin), init)).status, 200);
    assert.deepEqual(statuses(strict), [401, 200, 200], "the nonce is kept for the next call");
    assert.equal(new Set(strict.calls.map(({ authorization }) => authorization)).size, 1);
    assert.equal(new Set(strict.calls.map(({ body }) => body)).size, 1, "the body byte for byte");
    assert.equal(as.requests, 0, "no refresh");
  });

for (const [name, challenge] of [
  ["another_letter_case", (error) => `dpop ERROR=${error}`],
  ["a_bearer_challenge_before_it", (error) => `Bearer realm="a, b", DPoP algs="ES256", error="${error}"`],
  ["a_bearer_challenge_behind_it", (error) => `DPoP error="${error}", Bearer error="invalid_token"`],
])
  test(`E8 a nonce is recognised in a challenge with ${name}`, async () => {
    const { refresher, as } = await session();
    const { challenge: usual } = strict;
    strict.proofs.renew();
    strict.challenge = challenge;
    try {
      assert.equal((await refresher.fetch(`${strict.origin}/a`)).status, 200);
    } finally {
      strict.challenge = usual;
    }
    assert.deepEqual(statuses(strict), [401, 200]);
    assert.equal(as.requests, 0);
  });

for (const [name, challenge, refreshes] of [
  ["of another scheme before it", 'Own error="use_dpop_nonce", DPoP error="invalid_token"', 1],
  ["of another scheme behind it", 'DPoP algs="ES256", Own error="use_dpop_nonce"', 1],
  ["in the text of another parameter", 'DPoP realm="a, error=use_dpop_nonce", error="invalid_token"', 1],
  ["in a parameter of another name", 'DPoP x-error="use_dpop_nonce"', 1],
  ["of its own scheme behind a token68", "Negotiate abc/+d==, DPoP error=use_dpop_nonce", 0],
])
  test(`an error use_dpop_nonce ${name} belongs to its own challenge (RFC 9110 section 11.6.1)`, async () => {
    const { refresher, as } = await session();
    let asked = 0;
    strict.answers.a = (req, res) =>
      respond(
        res,
        ...(asked++ ? [200, {}] : [401, {}, { "WWW-Authenticate": challenge, "DPoP-Nonce": "n1" }]),
      );
    assert.equal((await refresher.fetch(`${strict.origin}/a`)).status, 200);
    assert.deepEqual(statuses(strict), [401, 200]);
    assert.equal(
      as.requests,
      refreshes,
      "a nonce is answered with the same token, a refused token by a refresh",
    );
  });

test("a one-shot body is not sent twice, and the nonce is kept", async () => {
  const { refresher, as } = await session();
  strict.proofs.renew();
  const stream = () => ({ method: "POST", body: new Blob(["once"]).stream(), duplex: "half" });
  const refused = await refresher.fetch(`${strict.origin}/a`, stream());
  assert.equal(refused.status, 401);
  assert.equal(refused.bodyUsed, false);
  assert.equal((await refresher.fetch(`${strict.origin}/a`, stream())).status, 200);
  assert.deepEqual(statuses(strict), [401, 200]);
  assert.equal(as.requests, 0);
});

test("a server that asks for another nonce each time gets one retry", async () => {
  const { refresher, as } = await session();
  let nonce = 0;
  strict.answers.a = (req, res) =>
    respond(res, 401, {}, { "WWW-Authenticate": 'DPoP error="use_dpop_nonce"', "DPoP-Nonce": `n${++nonce}` });
  assert.equal((await refresher.fetch(`${strict.origin}/a`)).status, 401);
  assert.equal(strict.calls.length, 2);
  assert.equal(as.requests, 0);
});

test("E6 a nonce on a success replaces the one before", async () => {
  const { refresher } = await session();
  const fresh = strict.proofs.renew();
  strict.answers.first = (req, res) => respond(res, 200, {}, { "DPoP-Nonce": fresh });
  await refresher.fetch(`${strict.origin}/first`);
  await refresher.fetch(`${strict.origin}/second`);
  assert.deepEqual(statuses(strict), [200, 200]);
});

test("E7 the nonces of servers are never mixed", async () => {
  const { refresher, as } = await session({ nonces: true });
  await refresher.fetch(`${strict.origin}/a`);
  await refresher.refresh();
  await refresher.fetch(`${api.origin}/a`);
  const used = [...strict.calls, ...api.calls].map(({ dpop }) => claimsOf(dpop).nonce);
  assert.deepEqual(used, [undefined, strict.proofs.nonce, undefined]);
  assert.deepEqual(
    as.sent.map((proof) => claimsOf(proof).nonce),
    [undefined, as.proofs.nonce],
  );
});

test("E7 an authorization server and an API of one origin have separate nonces", async () => {
  const key = dpop();
  const server = fakeAuthorizationServer({ extras: { token_type: "DPoP" } });
  const asked = [];
  const refresher = createRefresher({
    ...server.options,
    dpop: key,
    tokens: server.login(),
    origins: [new URL(server.token_endpoint).origin],
    async fetch(input, init) {
      const isToken = String(input) === server.token_endpoint;
      asked.push([isToken ? "token" : "api", claimsOf(new Headers(init.headers).get("dpop")).nonce]);
      const { status, headers, body } = isToken ? await server.fetch(input, init) : new Response("{}");
      const named = new Headers(headers);
      named.set("dpop-nonce", isToken ? "of-the-server" : "of-the-api");
      return new Response(body, { status, headers: named });
    },
  });
  const api = new URL("/things", server.token_endpoint);
  await refresher.fetch(api);
  await refresher.refresh();
  await refresher.fetch(api);
  await refresher.refresh();
  assert.deepEqual(asked, [
    ["api", undefined],
    ["token", undefined],
    ["api", "of-the-api"],
    ["token", "of-the-server"],
  ]);
});

test("a 401 whose challenges are hidden is tried once more with a new nonce before a refresh", async () => {
  const { refresher, as } = await session();
  strict.answers.a = (req, res) =>
    claimsOf(req.headers.dpop).nonce === "hidden"
      ? respond(res, 200, {})
      : respond(res, 401, {}, { "DPoP-Nonce": "hidden" });
  assert.equal((await refresher.fetch(`${strict.origin}/a`)).status, 200);
  assert.deepEqual(statuses(strict), [401, 200]);
  assert.equal(as.requests, 0);
});

test("a nonce and then an expired token cost one retry and one refresh", async () => {
  const { refresher, as } = await session();
  live.clear();
  strict.proofs.renew();
  const response = await refresher.fetch(`${strict.origin}/a`, { method: "POST", body: "text" });
  assert.equal(response.status, 200);
  assert.deepEqual(statuses(strict), [401, 401, 200]);
  assert.deepEqual(
    strict.calls.map(({ body }) => body),
    ["text", "text", "text"],
  );
  assert.equal(as.requests, 1);
});

test("a hundred parallel requests whose nonce is renewed are all answered", async () => {
  const { refresher, as } = await session();
  await refresher.fetch(`${strict.origin}/a`);
  strict.proofs.renew();
  strict.calls.length = 0;
  const responses = await Promise.all(
    Array.from({ length: 100 }, (_, i) => refresher.fetch(`${strict.origin}/${i}`)),
  );
  assert.ok(responses.every(({ status }) => status === 200));
  assert.ok(strict.calls.length <= 200, `${strict.calls.length} requests`);
  assert.equal(as.requests, 0);
});

// --- refusals, clocks, redirects --------------------------------------------------------------------------------------

test("an expired token is refreshed once, and the request gets a new proof", async () => {
  const { refresher, as } = await session();
  live.clear();
  assert.equal((await refresher.fetch(`${api.origin}/a`)).status, 200);
  assert.deepEqual(statuses(api), [401, 200]);
  assert.equal(as.requests, 1);
  const [first, second] = api.calls.map(({ dpop }) => claimsOf(dpop));
  assert.notEqual(first.ath, second.ath);
});

test("E13 a clock skew to a resource server is corrected once and remembered", async () => {
  const { refresher, as } = await session();
  assert.equal((await refresher.fetch(`${late.origin}/a`)).status, 200);
  assert.equal((await refresher.fetch(`${late.origin}/b`)).status, 200);
  assert.deepEqual(statuses(late), [401, 200, 200]);
  assert.equal(as.requests, 0);
});

test("E12 a response that refuses the proof again is returned as it came", async () => {
  const { refresher, as } = await session();
  api.answers.a = (req, res) =>
    respond(res, 401, {}, { "WWW-Authenticate": 'DPoP error="invalid_dpop_proof", algs="PS512"' });
  assert.equal((await refresher.fetch(`${api.origin}/a`)).status, 401);
  assert.deepEqual([api.calls.length, as.requests], [1, 0]);
});

test("neither token nor proof follows a redirect to another origin", async () => {
  const { refresher } = await session();
  const to = (url) => `${api.origin}/away?to=${encodeURIComponent(url)}`;
  const response = await refresher.fetch(to(`${other.origin}/open`), { method: "POST", body: "text" });
  assert.deepEqual([response.status, response.redirected], [200, true]);
  assert.deepEqual(
    other.calls.map(({ authorization, dpop, body }) => [authorization, dpop, body]),
    [[undefined, undefined, "text"]],
  );
});

test("a redirect within the origin gets a proof for its target", async () => {
  const { refresher } = await session();
  strict.proofs.renew();
  const to = `${strict.origin}/a?to=${encodeURIComponent("/b?c=d")}`;
  const request = new Request(to, { method: "POST", body: "text" });
  const response = await refresher.fetch(request);
  assert.deepEqual([response.status, (await response.json()).body], [200, "text"]);
  assert.deepEqual(
    strict.calls.map(({ path, status }) => [path, status]),
    [
      ["/a", 401],
      ["/a", 307],
      ["/b", 200],
    ],
  );
});

test("with redirect manual or error the caller gets the redirect", async () => {
  const { refresher } = await session();
  const to = `${api.origin}/a?to=/b`;
  assert.equal((await refresher.fetch(to, { redirect: "manual" })).status, 307);
  await assert.rejects(refresher.fetch(to, { redirect: "error" }), TypeError);
  assert.deepEqual(
    api.calls.map(({ path }) => path),
    ["/a", "/a"],
  );
});

test("an origin that is not listed gets neither token nor proof", async () => {
  const { refresher } = await session();
  await assert.rejects(
    refresher.fetch("http://127.0.0.1:9/a"),
    /http:\/\/127\.0\.0\.1:9 gets no access token/,
  );
});

test("E10 no proof was ever sent twice", () => {
  for (const { proofs } of [api, strict, other, late]) assert.ok(proofs.seen.size >= proofs.accepted.length);
  const all = [api, strict, late].flatMap(({ proofs }) => [...proofs.seen]);
  assert.equal(new Set(all).size, all.length);
  assert.ok(all.length > 100);
});

test("oidc-provider and its resource server accept a session with nonces at both", async () => {
  const oidc = await startOidc({ nonces: true });
  try {
    const key = dpop();
    const { token_endpoint, clients, origin, resource } = oidc;
    const options = { token_endpoint, ...clients.none, dpop: key, origins: [origin] };
    const refresher = createRefresher(options);
    await refresher.setTokens(await oidc.mint("none", { jkt: await key.thumbprint() }));
    assert.equal((await refresher.fetch(resource.url)).status, 200);
    oidc.rejectAccessTokens();
    assert.equal((await refresher.fetch(resource.url)).status, 200);
    assert.deepEqual(
      oidc.requests.map(({ outcome, error }) => error ?? outcome),
      ["use_dpop_nonce", "granted"],
    );
  } finally {
    await oidc.close();
  }
});

// --- helpers ----------------------------------------------------------------------------------------------------------

const statuses = ({ calls }) => calls.map(({ status }) => status);

/** A logged-in refresher; the resource servers know its access tokens. */
async function session({ token_type = "DPoP", nonces } = {}) {
  const key = dpop();
  const as = bindingServer({ nonces }, {});
  const jkt = await key.thumbprint();
  const inits = [];
  const { fetch } = as.options;
  const refresher = createRefresher({
    ...as.options,
    dpop: key,
    storage: memoryStorage(),
    origins: [api, strict, late].map(({ origin }) => origin),
    async fetch(input, init) {
      const isToken = String(input) === as.server.token_endpoint;
      if (!isToken) return (inits.push(init), globalThis.fetch(input, init));
      const response = await fetch(input, init);
      const { access_token } = await response.clone().json();
      if (access_token) live.set(access_token, jkt);
      return response;
    },
  });
  const tokens = { ...as.login(jkt), token_type };
  live.set(tokens.access_token, jkt);
  await refresher.setTokens(tokens);
  return { refresher, as, inits };
}
