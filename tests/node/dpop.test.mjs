// DPoP at the token endpoint (RFC 9449): proofs, nonces, clock skew, lost keys. The server checks every member of every proof and
// binds tokens as RFC 9449 section 5 requires.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createRefresher } from "oauth-refresher";
import { dpop } from "oauth-refresher/dpop";
import { memoryStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { bindingServer } from "../servers/binding.mjs";
import { claimsOf, proofChecker } from "../servers/proof.mjs";
import { reproduce } from "../vectors/dpop.mjs";
import { leak, record, shown } from "./session.mjs";

const pairs = {
  ES256: [{ name: "ECDSA", namedCurve: "P-256" }],
  ES384: [{ name: "ECDSA", namedCurve: "P-384" }],
  ES512: [{ name: "ECDSA", namedCurve: "P-521" }],
  EdDSA: [{ name: "Ed25519" }],
  RS256: [rsa("RSASSA-PKCS1-v1_5", "SHA-256")],
  PS256: [rsa("RSA-PSS", "SHA-256")],
  PS512: [rsa("RSA-PSS", "SHA-512")],
};

for (const [alg, [algorithm]] of Object.entries(pairs))
  test(`E1 a refresh carries a proof signed by ${alg} that a strict server accepts`, async () => {
    const keyPair = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
    const { refresher, as } = await session({ key: dpop({ keyPair }) });
    for (let round = 0; round < 3; round++) await refresher.refresh();
    assert.equal(refresher.tokens.token_type, "DPoP");
    assert.deepEqual(as.algs, [alg, alg, alg]);
    assert.equal(as.proofs.accepted.length, 3, "E10: three requests, three proofs");
    assert.equal(new Set(as.proofs.accepted.map(({ jti }) => jti)).size, 3);
  });

test("the test vectors of RFC 9449, 7638 and 8037 are reproduced", async () =>
  assert.deepEqual(await reproduce(dpop), []));

test("E2 E7 a token request carries no ath, and no nonce unless one was given", async () => {
  const { refresher, as } = await session();
  await refresher.refresh();
  assert.deepEqual(Object.keys(as.proofs.accepted[0]).sort(), ["htm", "htu", "iat", "jti"]);
});

test("the private key cannot be exported, and the dpop object shows no secret", async () => {
  const key = dpop();
  const { privateKey, publicKey } = await key.keyPair();
  assert.deepEqual([privateKey.extractable, publicKey.extractable], [false, true]);
  await assert.rejects(crypto.subtle.exportKey("jwk", privateKey));
  assert.doesNotMatch(shown(key), new RegExp((await crypto.subtle.exportKey("jwk", publicKey)).x));
});

test("nothing happens before the key is needed", () => {
  const { subtle } = globalThis.crypto;
  let asked = 0;
  const generateKey = subtle.generateKey;
  subtle.generateKey = () => asked++;
  try {
    createRefresher({ ...fakeAuthorizationServer().options, dpop: dpop() }).close();
  } finally {
    subtle.generateKey = generateKey;
  }
  assert.equal(asked, 0);
});

// --- nonces -----------------------------------------------------------------------------------------------------------

test("E5 a server that asks for a nonce gets the same refresh token once more, with a new proof", async () => {
  const { refresher, as, events } = await session({ nonces: true });
  await refresher.refresh();
  assert.deepEqual(as.said, ["use_dpop_nonce", "granted"]);
  assert.equal(as.server.requests.length, 1, "the refusal spent nothing");
  assert.equal(new Set(as.jtis).size, 2);
  assert.deepEqual(events.types(), ["token-changed login", "token-changed refresh"]);
});

test("E6 the nonce of every response is used next, also of a success", async () => {
  const { refresher, as } = await session({ nonces: true });
  await refresher.refresh();
  as.nonceAfterSuccess = true;
  await refresher.refresh();
  await refresher.refresh();
  await refresher.refresh();
  assert.deepEqual(as.said, ["use_dpop_nonce", "granted", "granted", "granted", "granted"]);
});

test("the nonce of a failure is used next", async () => {
  const { refresher, as } = await session({ nonces: true });
  as.fault = () =>
    Response.json({ error: "invalid_scope" }, { status: 400, headers: { "dpop-nonce": as.proofs.nonce } });
  await assert.rejects(refresher.refresh(), { code: "client_rejected", refreshTokenState: "unspent" });
  as.fault = undefined;
  await refreshedLater(refresher);
  assert.deepEqual(as.said.slice(-1), ["granted"]);
  assert.equal(as.said.includes("use_dpop_nonce"), false);
});

test("a second refusal with another nonce is final, and the session continues", async () => {
  const { refresher, as, events } = await session({ nonces: true });
  as.renewBefore = true;
  await assert.rejects(refresher.refresh(), {
    code: "client_rejected",
    error: "use_dpop_nonce",
    status: 400,
    refreshTokenState: "unspent",
    sessionEnded: false,
  });
  assert.deepEqual(as.said, ["use_dpop_nonce", "use_dpop_nonce"]);
  as.renewBefore = false;
  await refreshedLater(refresher);
  assert.deepEqual(as.said.slice(2), ["granted"], "the last nonce was kept");
  assert.equal(events.at(-1).source, "refresh");
});

for (const [what, headers] of [
  ["no_nonce", {}],
  ["a_nonce_that_is_none", { "dpop-nonce": 'two", "three' }],
])
  test(`a server that asks for a nonce and sends ${what} is asked once, and the error says so`, async () => {
    const { refresher, as } = await session();
    as.fault = () => Response.json({ error: "use_dpop_nonce" }, { status: 400, headers });
    const error = await refresher.refresh().catch((reason) => reason);
    assert.deepEqual([error.code, error.refreshTokenState], ["client_rejected", "unspent"]);
    assert.match(
      error.error_description,
      /use_dpop_nonce without a new nonce.*Access-Control-Expose-Headers/,
    );
    assert.equal(as.requests, 1);
  });

test("a nonce that is repeated is not tried again", async () => {
  const { refresher, as } = await session();
  as.fault = () =>
    Response.json({ error: "use_dpop_nonce" }, { status: 400, headers: { "dpop-nonce": "same" } });
  await assert.rejects(refresher.refresh(), { code: "client_rejected" });
  assert.equal(as.requests, 2, "both replies had the same nonce");
  as.fault = undefined;
  as.proofs.check = () => ({ jkt: as.jkt, alg: "" });
  await refreshedLater(refresher);
  assert.equal(as.requests, 3, "and the next call is not held back by it");
});

test("a refresh survives the fault nonce of the fake server", async () => {
  const server = fakeAuthorizationServer();
  const refresher = createRefresher({ ...server.options, dpop: dpop(), tokens: server.login() });
  server.next("nonce", null, "nonce");
  await refresher.refresh();
  await refresher.refresh();
  const proofs = server.requests.map(({ headers }) => claimsOf(headers.dpop).nonce);
  assert.deepEqual(
    proofs.map((nonce) => typeof nonce),
    ["undefined", "string", "string", "string"],
  );
  assert.equal(proofs[1], proofs[2]);
  assert.notEqual(proofs[2], proofs[3]);
});

test("every attempt has its own client assertion and its own proof", async () => {
  let assertions = 0;
  const { refresher, as } = await session({
    nonces: true,
    options: {
      clientAuth: ({ parameters }) => parameters.set("client_assertion", `assertion-${++assertions}`),
    },
  });
  await refresher.refresh();
  assert.deepEqual(as.assertions, ["assertion-1", "assertion-2"]);
});

// --- clocks -----------------------------------------------------------------------------------------------------------

for (const [name, offsetMs] of [
  ["behind", -3_600_000],
  ["ahead", 3_600_000],
])
  test(`E13 a clock that is an hour ${name} is corrected once and remembered`, async () => {
    const { refresher, as } = await session({ clock: () => Date.now() - offsetMs });
    await refresher.refresh();
    assert.deepEqual(as.said, ["invalid_dpop_proof", "granted"]);
    await refresher.refresh();
    assert.deepEqual(as.said.slice(2), ["granted"], "the clock skew is remembered");
    assert.equal(new Set(as.jtis).size, 3);
  });

test("a proof that is refused for another reason is not sent again", async () => {
  const { refresher, as } = await session();
  as.proofs.check = () => {
    throw Object.assign(new Error("alg"), { error: "invalid_dpop_proof" });
  };
  const error = await refresher.refresh().catch((reason) => reason);
  assert.deepEqual(
    [error.code, error.error, error.refreshTokenState, error.sessionEnded],
    ["client_rejected", "invalid_dpop_proof", "unspent", false],
  );
  assert.equal(as.requests, 1);
});

test("a server whose clock jumps is asked twice at most", async () => {
  let ms = Date.now();
  const { refresher, as } = await session({ clock: () => (ms += 7_200_000) });
  await assert.rejects(refresher.refresh(), { code: "client_rejected" });
  assert.equal(as.requests, 2);
});

test("a clock skew and a nonce are both corrected in one refresh", async () => {
  const { refresher, as } = await session({ nonces: true, clock: () => Date.now() + 3_600_000 });
  await refresher.refresh();
  assert.deepEqual(as.said, ["invalid_dpop_proof", "use_dpop_nonce", "granted"]);
});

// --- keys -------------------------------------------------------------------------------------------------------------

test("E3 a public client whose key is gone has no session and sends nothing", async () => {
  const { storage, as, refresher } = await session();
  await refresher.refresh();
  refresher.close();
  const before = await storage.load();
  const later = createRefresher({ ...as.options, dpop: dpop(), storage, origins: ["https://api.test"] });
  const events = record(later);
  const error = await later.getAccessToken().catch((reason) => reason);
  assert.deepEqual(
    [error.code, error.sessionEnded, error.refreshTokenState, error.retryable, error.status],
    ["session_ended", true, "unspent", false, undefined],
  );
  assert.match(error.error_description, /DPoP key .* is gone/);
  assert.equal(later.state, "session-ended");
  assert.equal(later.tokens, null);
  await delay(0);
  assert.deepEqual(events.types(), ["token-changed session-ended", "session-ended"]);
  assert.equal(as.requests, 1, "no request with a wrong key");
  assert.deepEqual(await storage.load(), before, "another context may have the key");

  for (const ask of ["getAccessToken", "refresh", "getTokens"])
    await assert.rejects(later[ask](), { code: "session_ended", refreshTokenState: "unspent" });
  assert.equal(as.requests, 1);
});

test("a login with the new key begins a new session, and a context with the old key is told", async () => {
  const { storage, as, refresher: old } = await session();
  const key = dpop();
  const later = createRefresher({ ...as.options, dpop: key, storage });
  await assert.rejects(later.getAccessToken(), { code: "session_ended" });
  await later.setTokens(as.login(await key.thumbprint()));
  assert.equal(later.state, "active");
  assert.ok(await later.refresh());
  const error = await old.refresh().catch((reason) => reason);
  assert.deepEqual([error.code, error.refreshTokenState], ["session_ended", "unspent"]);
  assert.equal((await later.getTokens()).token_type, "DPoP", "no session is lost by that");
});

test("a second refresher with the same key shares the session", async () => {
  const { storage, as, key, refresher } = await session();
  await refresher.refresh();
  const other = createRefresher({ ...as.options, dpop: key, storage });
  assert.equal(await other.getAccessToken(), await refresher.getAccessToken());
  await other.refresh();
  assert.equal(as.requests, 2);
});

test("E4 a confidential client's session continues with a new key and a new access token", async () => {
  const options = { client_secret: "s3cret-of-the-client" };
  const { storage, as, refresher } = await session({ options });
  const first = await refresher.refresh();
  const [before] = as.jkts;
  const later = createRefresher({ ...as.options, dpop: dpop(), storage });
  const second = await later.getTokens();
  assert.notEqual(second.access_token, first.access_token, "the old one is bound to the old key");
  assert.deepEqual(as.said, ["granted", "granted"]);
  assert.notEqual(as.jkts.at(-1), before);
  assert.equal((await storage.load()).dpop_jkt, as.jkts.at(-1));
});

test("the record names the key, and a token set does not", async () => {
  const { storage, key, refresher } = await session();
  await refresher.refresh();
  assert.equal((await storage.load()).dpop_jkt, await key.thumbprint());
  assert.equal("dpop_jkt" in refresher.tokens, false);
});

test("unbound tokens are refreshed with any key", async () => {
  const { as } = await session();
  const storage = memoryStorage();
  const bearer = { ...as.login(), token_type: "Bearer" };
  const first = createRefresher({ ...as.options, dpop: dpop(), storage });
  await first.setTokens(bearer);
  assert.equal((await storage.load()).dpop_jkt, undefined);
  const second = createRefresher({ ...as.options, dpop: dpop(), storage });
  assert.equal((await second.refresh()).token_type, "DPoP");
});

test("E9 a token of a server that ignores the proof is used as a Bearer token", async () => {
  const server = fakeAuthorizationServer();
  const storage = memoryStorage();
  const refresher = createRefresher({ ...server.options, dpop: dpop(), storage });
  await refresher.setTokens(server.login());
  assert.equal((await refresher.refresh()).token_type, "Bearer");
  assert.equal((await storage.load()).dpop_jkt, undefined);
  const later = createRefresher({ ...server.options, dpop: dpop(), storage });
  assert.equal((await later.refresh()).token_type, "Bearer", "an unbound token does not depend on a key");
});

test("a revocation carries no proof", async () => {
  const { refresher, as } = await session();
  await refresher.signOut({ revoke: true });
  assert.equal(as.server.revoked.length, 1);
  assert.deepEqual(as.elsewhere, [null]);
});

test("no error, event or log contains a proof", async () => {
  const { refresher, as, events, key } = await session();
  as.fault = (request) =>
    Response.json(
      {
        error: `bad ${request.headers.get("dpop")}`,
        error_description: request.headers.get("dpop").slice(9),
      },
      { status: 400 },
    );
  const error = await refresher.refresh().catch((reason) => reason);
  assert.equal(error.code, "client_rejected");
  await delay(0);
  for (const value of [error, error.stack, error.toJSON(), events, refresher, key])
    assert.equal(leak(shown(value), as.sent), undefined);
});

// --- the dpop object --------------------------------------------------------------------------------------------------

test("a code exchange of the application uses the same key", async () => {
  const key = dpop();
  const checker = proofChecker({ nonces: true });
  const url = "https://AUTH.test:443/a/../token?tenant=1#x";
  const wanted = { method: "POST", url: "https://auth.test/token" };
  const first = await key.proof({ url, method: "post" });
  assert.throws(() => checker.check(first, wanted), { error: "use_dpop_nonce" });
  const second = await key.proof({ url: new URL(url), method: "POST", nonce: checker.nonce });
  assert.equal(checker.check(second, wanted).jkt, await key.thumbprint());
});

test("E2 a proof for a resource names the access token", async () => {
  const key = dpop();
  const access_token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
  const proof = await key.proof({
    url: "https://resource.example.org/protectedresource",
    method: "GET",
    access_token,
  });
  assert.equal(claimsOf(proof).ath, "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
});

test("misuse is a TypeError that says what to write", async () => {
  const weak = await crypto.subtle.generateKey({ ...rsa("RSA-PSS", "SHA-256"), modulusLength: 1024 }, false, [
    "sign",
  ]);
  const hmac = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const agreement = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, [
    "deriveKey",
  ]);
  const good = await crypto.subtle.generateKey(pairs.ES256[0], false, ["sign"]);
  for (const [options, message] of [
    [{ keyPair: weak }, /2048 bits/],
    [{ keyPair: hmac }, /CryptoKeyPair/],
    [{ keyPair: agreement }, /must sign/],
    [{ keyPair: good, keyStorage: "indexeddb" }, /exclude each other/],
    [{ keyStorage: "disk" }, /"memory" or "indexeddb"/],
    [{ name: "x" }, /names the database/],
    [{ keypair: good }, /keypair is no option/],
  ])
    assert.throws(
      () => dpop(options),
      (error) => error instanceof TypeError && message.test(error.message),
    );
  const { options } = fakeAuthorizationServer();
  for (const wrong of [true, {}, good, () => {}])
    assert.throws(
      () => createRefresher({ ...options, dpop: wrong }),
      /dpop must be dpop\(\) of oauth-refresher\/dpop/,
    );
});

test("a key that cannot be stored does not count as lost", async () => {
  const { as, storage } = await session();
  const refresher = createRefresher({
    ...as.options,
    dpop: dpop({ keyStorage: "indexeddb" }),
    storage,
    retries: 0,
  });
  const events = record(refresher);
  const error = await refresher.refresh().catch((reason) => reason);
  assert.equal(error.code, "storage_failed", "there is no IndexedDB in Node");
  assert.equal(error.sessionEnded, false);
  await delay(0);
  assert.match(events[0].error.message, /the key cannot be read or stored/);
  assert.equal(as.requests, 0);
});

// --- the server -------------------------------------------------------------------------------------------------------

/** A logged-in refresher at a server that binds tokens to keys, also a public client's refresh tokens. */
async function session({ key = dpop(), options = {}, ...server } = {}) {
  const as = bindingServer(server, options);
  const storage = memoryStorage();
  const refresher = createRefresher({ ...as.options, dpop: key, storage });
  const events = record(refresher);
  as.jkt = await key.thumbprint();
  await refresher.setTokens(as.login(as.jkt));
  return { refresher, storage, events, key, as };
}

/** Refreshes after the backoff of a failed refresh. */
async function refreshedLater(refresher) {
  for (let tries = 1; ; tries++) {
    await delay(50);
    try {
      return await refresher.refresh();
    } catch (error) {
      if (tries > 100) throw error;
    }
  }
}

function rsa(name, hash) {
  return { name, hash, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
}
