// Signed client assertions (RFC 7523): requirements F1 to F7. The server checks every member with node:crypto.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { clientSecretJwt, privateKeyJwt } from "oauth-refresher/client-auth";
import { dpop } from "oauth-refresher/dpop";
import { assertionChecker, partsOf } from "../servers/assertion.mjs";
import { reproduce } from "../vectors/client-auth.mjs";
import { endpoint, expiredSession, granted, issuer, refused, token_endpoint } from "./asked.mjs";

const client_id = "https://client.example/ü";
const client_secret = "s3cr3t of ünïcode: 0123456789-0123456789-0123456789-0123456789";

const rsa = (name, hash) => ({ name, hash, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) });
const asymmetric = {
  ES256: { name: "ECDSA", namedCurve: "P-256" },
  ES384: { name: "ECDSA", namedCurve: "P-384" },
  ES512: { name: "ECDSA", namedCurve: "P-521" },
  EdDSA: { name: "Ed25519" },
  RS256: rsa("RSASSA-PKCS1-v1_5", "SHA-256"),
  PS256: rsa("RSA-PSS", "SHA-256"),
  PS512: rsa("RSA-PSS", "SHA-512"),
};

for (const [alg, algorithm] of Object.entries(asymmetric))
  test(`F1 F2 F3 F6 a strict server accepts the assertions of ${alg}: iss, sub, aud, jti, iat, exp and nothing else`, async () => {
    const { clientAuth, key } = await keyed(algorithm);
    await threeRefreshes({ clientAuth, key, alg });
  });

for (const alg of ["HS256", "HS384", "HS512"])
  test(`F7 ${alg} is an HMAC over the secret's UTF-8 bytes`, async () => {
    const clientAuth = clientSecretJwt(client_secret, alg === "HS256" ? {} : { alg });
    await threeRefreshes({ clientAuth, key: client_secret, alg });
    await threeRefreshes({
      clientAuth: clientSecretJwt(async () => client_secret, { alg }),
      key: client_secret,
      alg,
    });
  });

test("F7 a secret that is shorter than the hash is refused, and the message says so", async () => {
  for (const [alg, bytes] of [
    ["HS256", 32],
    ["HS384", 48],
    ["HS512", 64],
  ]) {
    const message = `clientSecretJwt: ${alg} needs a secret of at least ${bytes} bytes, as long as its hash, and this one is shorter`;
    assert.throws(() => clientSecretJwt("s".repeat(bytes - 1), { alg }), { name: "TypeError", message });
    assert.ok(clientSecretJwt("ü".repeat(bytes / 2), { alg }), "bytes are counted, not letters");
    const refresher = createRefresher({
      issuer,
      token_endpoint,
      client_id: "me",
      clientAuth: clientSecretJwt(() => "s".repeat(bytes - 1), { alg }),
      tokens: { refresh_token: "refresh-token-Yt46-Lp03" },
      fetch: () => assert.fail("sent"),
    });
    await assert.rejects(refresher.getTokens(), {
      code: "client_rejected",
      error_description: message,
      refreshTokenState: "unspent",
    });
  }
});

test("an assertion may leave its jti out and have further claims", async () => {
  const { clientAuth } = await keyed(undefined, { jti: null, claims: { nbf: 5, tenant: ["a"] } });
  const { parameters } = await first({ clientAuth });
  const { claims } = partsOf(parameters.get("client_assertion"));
  assert.deepEqual(Object.keys(claims), ["iss", "sub", "aud", "iat", "exp", "nbf", "tenant"]);
  assert.throws(() => clientSecretJwt(client_secret, { jti: "mine" }), /jti must be null, to leave it out/);
});

test("the test vectors of RFC 7515, 8037 and 7523bis are reproduced", async () => {
  const { signature } = await import("../node_modules/oauth-refresher/lib/jws.js");
  assert.deepEqual(await reproduce({ clientSecretJwt, privateKeyJwt, signature }), []);
});

test("F1 exactly one assertion and its registered type are sent, in the body", async () => {
  const { clientAuth } = await keyed();
  const { url, headers, parameters } = await first({ clientAuth });
  assert.deepEqual(
    [...parameters.keys()],
    ["grant_type", "refresh_token", "client_id", "client_assertion_type", "client_assertion"],
  );
  assert.equal(
    parameters.get("client_assertion_type"),
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
  );
  assert.equal(headers.authorization, undefined);
  assert.equal(url, token_endpoint);
});

test("F2 the audience is the issuer, as one string", async () => {
  const { clientAuth } = await keyed();
  const { claims } = partsOf((await first({ clientAuth })).parameters.get("client_assertion"));
  assert.equal(claims.aud, issuer);
  assert.notEqual(claims.aud, token_endpoint);
});

test("F2 without an issuer createRefresher says what to write, and so does the function by itself", async () => {
  const { clientAuth } = await keyed();
  const wanted = {
    name: "TypeError",
    message: /^issuer is missing: privateKeyJwt needs it.*write its issuer, or \{ audience \}$/,
  };
  assert.throws(() => createRefresher({ token_endpoint, client_id, clientAuth }), wanted);
  const request = {
    url: token_endpoint,
    headers: new Headers(),
    parameters: new URLSearchParams(),
    client_id,
  };
  await assert.rejects(clientAuth(request), wanted);
  await clientAuth({ ...request, issuer });
  assert.equal(
    request.parameters.get("client_assertion").split(".").length,
    3,
    "usable for a login's own request",
  );
  const { clientAuth: forOne } = await keyed(undefined, { audience: token_endpoint });
  createRefresher({ token_endpoint, client_id, clientAuth: forOne });
});

test("F3 the type of the assertion is client-authentication+jwt, and the kid is said where there is one", async () => {
  const header = async (options) => {
    const { clientAuth } = await keyed(undefined, options);
    return partsOf((await first({ clientAuth })).parameters.get("client_assertion")).header;
  };
  assert.deepEqual(await header(), { typ: "client-authentication+jwt", alg: "ES256" });
  assert.deepEqual(await header({ kid: "16" }), {
    typ: "client-authentication+jwt",
    alg: "ES256",
    kid: "16",
  });
});

test("F4 older servers get the audience, the type and the claims that the options say", async () => {
  const said = async (options, session) => {
    const { clientAuth } = await keyed(undefined, options);
    const { parameters } = await first({ clientAuth, ...session });
    return { parameters, ...partsOf(parameters.get("client_assertion")) };
  };
  const revolut = await said({ audience: "https://revolut.com", claims: { iss: "app.example" }, typ: "JWT" });
  assert.deepEqual(
    [revolut.claims.iss, revolut.claims.sub, revolut.claims.aud, revolut.header.typ],
    ["app.example", client_id, "https://revolut.com", "JWT"],
  );
  const several = await said({
    audience: [issuer, token_endpoint],
    typ: null,
    claims: { iat: undefined, nbf: 1 },
  });
  assert.deepEqual(several.claims.aud, [issuer, token_endpoint]);
  assert.deepEqual(several.header, { alg: "ES256" });
  assert.deepEqual(["iat" in several.claims, several.claims.nbf], [false, 1]);
  const long = await said({ lifetimeSeconds: 600 });
  assert.equal(long.claims.exp - long.claims.iat, 600);
  const short = await said({});
  assert.equal(short.claims.exp - short.claims.iat, 60);
});

test("F4 EdDSA may be called Ed25519, and no key by another algorithm's name", async () => {
  const { clientAuth } = await keyed(asymmetric.EdDSA, { alg: "Ed25519" });
  const { header } = partsOf((await first({ clientAuth })).parameters.get("client_assertion"));
  assert.equal(header.alg, "Ed25519");
  await assert.rejects(keyed(asymmetric.ES256, { alg: "RS256" }), /alg must be ES256/);
});

test("F6 no assertion names another client than the client_id that is sent", async () => {
  const { clientAuth } = await keyed(undefined, { claims: { iss: "a", sub: "another" } });
  const options = { token_endpoint, issuer, clientAuth };
  assert.throws(
    () => createRefresher({ ...options, client_id }),
    /claims\.sub and client_id name two clients/,
  );
  const { parameters } = await first({ clientAuth, client_id: undefined });
  assert.equal(parameters.get("client_id"), null);
  assert.equal(partsOf(parameters.get("client_assertion")).claims.sub, "another");
  const { clientAuth: withoutIssuer } = await keyed();
  assert.throws(
    () => createRefresher({ ...options, clientAuth: withoutIssuer }),
    /^TypeError: client_id is missing: privateKeyJwt/,
  );
});

test("F5 every attempt has an assertion of its own: after a busy server, a nonce, a lost reply, in a revocation", async () => {
  const { clientAuth, key } = await keyed();
  const checker = assertionChecker({ issuer, client_id, key, alg: "ES256" });
  const server = endpoint(
    () => new Response("", { status: 503, headers: { "retry-after": "0" } }),
    () => refused("use_dpop_nonce", { headers: { "dpop-nonce": "nonce-1" } }),
    () => {
      throw new TypeError("fetch failed");
    },
    granted(),
  );
  const { refresher } = session(server, { clientAuth, reuse: "always", dpop: dpop() });
  await refresher.refresh();
  await refresher.signOut({ revoke: true });
  assert.equal(server.asked.length, 5);
  assert.deepEqual(
    server.asked.map(({ parameters }) => checker.fault(parameters)),
    Array(5).fill(undefined),
  );
  assert.equal(new Set(checker.accepted.map(({ claims }) => claims.jti)).size, 5);
});

test("what cannot sign, and options that are none, are refused by name and never by value", async () => {
  const generate = (algorithm, usages = ["sign", "verify"]) =>
    crypto.subtle.generateKey(algorithm, false, usages);
  const { privateKey, publicKey } = await generate(asymmetric.ES256);
  const weak = await generate({ ...asymmetric.RS256, modulusLength: 1024 });
  const sha1 = await generate(rsa("RSASSA-PKCS1-v1_5", "SHA-1"));
  const wrapping = await generate({ name: "ECDH", namedCurve: "P-256" }, ["deriveBits"]);
  const hmac = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  for (const bad of [
    publicKey,
    weak.privateKey,
    sha1.privateKey,
    wrapping.privateKey,
    hmac,
    {},
    "PEM",
    null,
    undefined,
  ])
    assert.throws(
      () => privateKeyJwt(bad),
      /^TypeError: privateKeyJwt: key must be a private CryptoKey that signs/,
    );
  for (const bad of ["", 5, null, undefined, {}])
    assert.throws(() => clientSecretJwt(bad), /^TypeError: clientSecretJwt: secret must be/);
  for (const [options, message] of [
    [{ aud: issuer }, /aud is no option: there are alg, audience, claims, kid, lifetimeSeconds, typ/],
    [{ audience: "" }, /audience must be a non-empty string/],
    [{ audience: [] }, /audience must be/],
    [{ claims: [] }, /claims must be an object/],
    [{ claims: { jti: "mine" } }, /claims\.jti cannot be set here: every assertion has its own/],
    [{ claims: { aud: issuer } }, /claims\.aud cannot be set here: write audience/],
    [{ claims: { exp: 1 } }, /claims\.exp cannot be set here: write lifetimeSeconds/],
    [{ kid: 16 }, /kid must be a non-empty string \(given: number 16\)/],
    [{ lifetimeSeconds: 0 }, /lifetimeSeconds must be a finite number above 0/],
    [{ typ: "" }, /typ must be/],
    [{ alg: "none" }, /alg must be ES256/],
  ])
    assert.throws(() => privateKeyJwt(privateKey, options), { name: "TypeError", message });
  assert.throws(
    () => clientSecretJwt("secret-of-mine", { alg: "RS256" }),
    /alg must be HS256 or HS384 or HS512/,
  );
  privateKeyJwt(privateKey, { kid: undefined, typ: undefined, claims: undefined, audience: undefined });
});

/** A private_key_jwt with a new key, and its public key for the server. */
async function keyed(algorithm = asymmetric.ES256, options = undefined) {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
  const key = await crypto.subtle.exportKey("jwk", publicKey);
  return { clientAuth: privateKeyJwt(privateKey, options), key };
}

const session = (server, options) => expiredSession(server, { issuer, client_id, ...options });

async function threeRefreshes({ clientAuth, key, alg }) {
  const checker = assertionChecker({ issuer, client_id, key, alg });
  const strict = ({ parameters }) => {
    const fault = checker.fault(parameters);
    return fault ? refused("invalid_client", { error_description: fault }) : granted();
  };
  const { refresher } = session(endpoint(strict, strict, strict), { clientAuth });
  for (let round = 0; round < 3; round++) await refresher.refresh();
  assert.equal(checker.accepted.length, 3);
}

async function first(options) {
  const server = endpoint();
  await session(server, options).refresher.refresh();
  return server.asked[0];
}
