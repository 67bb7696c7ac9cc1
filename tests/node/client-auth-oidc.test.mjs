// Clients that sign, against oidc-provider, an independent server: it checks signature, claims and reuse of every assertion, requires
// one method per request, and binds an attested instance's refresh token to its key.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  randomUUID,
  sign,
} from "node:crypto";
import { after, before, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { clientSecretJwt, privateKeyJwt } from "oauth-refresher/client-auth";
import { dpop } from "oauth-refresher/dpop";
import { startOidc } from "../servers/oidc.mjs";
import { thumbprint } from "../servers/proof.mjs";
import { reasonOf } from "./asked.mjs";

const client_secret = "0123456789-s3cr3t: + / = & %-0123456789";
const rsa = (name) => ({
  name,
  hash: "SHA-256",
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
});
const algorithms = {
  ES256: { name: "ECDSA", namedCurve: "P-256" },
  PS256: rsa("RSA-PSS"),
  RS256: rsa("RSASSA-PKCS1-v1_5"),
  EdDSA: { name: "Ed25519" },
  Ed25519: { name: "Ed25519" },
};

const keys = {};
const registered = {
  HS256: { client_id: "client-HS256", client_secret, token_endpoint_auth_method: "client_secret_jwt" },
};
const attester = generateKeyPairSync("ec", { namedCurve: "P-256" });
const instance = generateKeyPairSync("ec", { namedCurve: "P-256" });

let oidc, nonces;
before(async () => {
  for (const [alg, algorithm] of Object.entries(algorithms)) {
    keys[alg] = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
    const { kty, crv, x, y, n, e } = await crypto.subtle.exportKey("jwk", keys[alg].publicKey);
    registered[alg] = {
      client_id: `client-${alg}`,
      token_endpoint_auth_method: "private_key_jwt",
      token_endpoint_auth_signing_alg: alg,
      jwks: { keys: [{ kty, crv, x, y, n, e }] },
    };
  }
  registered.attested = {
    client_id: "client-attested",
    token_endpoint_auth_method: "attest_jwt_client_auth",
  };
  registered.combined = {
    client_id: "client-combined",
    token_endpoint_auth_method: "attest_jwt_client_auth_dpop",
  };
  const nonceSecret = randomBytes(32);
  const features = {
    dPoP: { enabled: true, nonceSecret },
    attestClientAuth: {
      enabled: true,
      ack: "draft-12",
      challengeSecret: randomBytes(32),
      getAttestationSignaturePublicKey: () => attester.publicKey,
    },
  };
  oidc = await startOidc({ registered, features });
  nonces = await startOidc({
    registered,
    features: { ...features, dPoP: { enabled: true, nonceSecret, requireNonce: () => true } },
  });
});
after(() => Promise.all([oidc.close(), nonces.close()]));

const authenticated = (alg) =>
  alg === "HS256"
    ? clientSecretJwt(client_secret)
    : privateKeyJwt(keys[alg].privateKey, alg === "Ed25519" ? { alg } : {});

for (const alg of ["HS256", ...Object.keys(algorithms)]) {
  test(`F1 F5 H1 three rotations and a revocation of a client that signs by ${alg}, from nothing but the issuer`, async () => {
    const { refresher, sent } = await login(oidc, alg, { issuer: oidc.issuer });
    const before = oidc.revokedFamilies.length;
    for (let round = 0; round < 3; round++) await refresher.refresh();
    assert.equal(oidc.revokedFamilies.length, before, "no refresh token came twice");
    await refresher.signOut({ revoke: true });
    assert.equal(sent.length, 4);
    assert.equal(new Set(sent.map(({ body }) => assertionOf(body))).size, 4);
    const [, , , revocation] = sent;
    assert.match(revocation.url, /revocation$/);
    assert.equal(revocation.status, 200);
    const last = JSON.parse(sent[2].reply).refresh_token;
    const again = createRefresher({ ...optionsOf(oidc, alg), tokens: { refresh_token: last } });
    await assert.rejects(again.refresh(), { code: "session_ended" });
  });

  test(`F5 the server refuses an assertion of ${alg} that it has seen, and ours never come twice`, async () => {
    const { refresher, sent } = await login(oidc, alg);
    await refresher.refresh();
    const { url, headers, body } = sent[0];
    const replayed = await fetch(url, { method: "POST", headers, body });
    assert.equal(replayed.status, 401);
    assert.equal((await replayed.json()).error, "invalid_client");
  });
}

test("F5 E10 a nonce that the server wants brings a new assertion beside the new proof", async () => {
  const key = dpop();
  const { refresher, sent } = await login(nonces, "ES256", { dpop: key });
  await refresher.refresh();
  assert.equal(sent.length, 2);
  assert.notEqual(assertionOf(sent[0].body), assertionOf(sent[1].body));
  assert.equal(refresher.tokens.token_type, "DPoP");
});

test("A6 the server takes one method, and a clientAuth function beside headers of the user's own is still one", async () => {
  const { refresher } = await login(oidc, "ES256", { headers: { "x-tenant": "42" } });
  await refresher.refresh();
  const { client_id } = registered.ES256;
  const both = createRefresher({
    ...optionsOf(oidc, "ES256"),
    clientAuth: async (request) => {
      await authenticated("ES256")(request);
      request.headers.set("authorization", `Basic ${btoa(`${client_id}:x`)}`);
    },
    tokens: { refresh_token: (await oidc.mint("ES256")).refresh_token },
  });
  const error = await reasonOf(both.refresh());
  assert.deepEqual([error.code, error.error], ["client_rejected", "invalid_request"]);
});

test("F1 another client's key is client_rejected, told once, and the tokens are kept", async () => {
  const clientAuth = privateKeyJwt(keys.Ed25519.privateKey, { alg: "EdDSA" });
  const { refresher, sent } = await login(oidc, "EdDSA", { clientAuth });
  const error = await reasonOf(refresher.refresh());
  assert.deepEqual(
    [error.code, error.error, error.refreshTokenState],
    ["client_rejected", "invalid_client", "unspent"],
  );
  assert.equal(sent.length, 1);
});

// --- attestation ------------------------------------------------------------------------------------------------------

const jwt = (header, claims, key) => {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "ES256", ...header })}.${part(claims)}`;
  const signature = sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
};
const now = () => Math.floor(Date.now() / 1000);

/** The example of the declarations: a ClientAuth function that keeps the server's challenge. */
function attesting({ key = instance.privateKey, claims = {} } = {}) {
  let challenge;
  const calls = [];
  const { kty, crv, x, y } = createPublicKey(
    createPrivateKey(key.export({ type: "pkcs8", format: "pem" })),
  ).export({
    format: "jwk",
  });
  const clientAuth = async ({ headers, issuer, client_id, lastReply, refused }) => {
    challenge = lastReply?.headers.get("OAuth-Client-Attestation-Challenge") ?? challenge;
    calls.push({ error: lastReply?.error, refused: !!refused });
    const attestation = {
      sub: client_id,
      iat: now(),
      exp: now() + 60,
      cnf: { jwk: { kty, crv, x, y } },
      ...claims,
    };
    headers.set(
      "OAuth-Client-Attestation",
      jwt({ typ: "oauth-client-attestation+jwt" }, attestation, attester.privateKey),
    );
    const possession = { aud: issuer, jti: randomUUID(), iat: now(), ...(challenge && { challenge }) };
    headers.set(
      "OAuth-Client-Attestation-PoP",
      jwt({ typ: "oauth-client-attestation-pop+jwt" }, possession, key),
    );
  };
  return { clientAuth, calls };
}

const attestationJkt = thumbprint(instance.publicKey.export({ format: "jwk" }));

test("F8 F9 an attested instance answers the server's challenge, and keeps it for the next request", async () => {
  const { clientAuth, calls } = attesting();
  const { refresher, sent } = await login(
    oidc,
    "attested",
    { issuer: oidc.issuer, clientAuth },
    { attestationJkt },
  );
  for (let round = 0; round < 3; round++) await refresher.refresh();
  assert.deepEqual(
    sent.map(({ status }) => status),
    [400, 200, 200, 200],
  );
  assert.deepEqual(calls.slice(0, 3), [
    { error: undefined, refused: false },
    { error: "use_attestation_challenge", refused: true },
    { error: undefined, refused: false },
  ]);
  const pops = sent.map(({ headers }) => headers["oauth-client-attestation-pop"]);
  assert.equal(new Set(pops).size, 4, "each request has a new proof of possession");
  await refresher.signOut({ revoke: true });
  assert.equal(sent.at(-1).status, 200, "the revocation too");
});

test("F9 a sign-out whose revocation is the first request answers the challenge too", async () => {
  const { clientAuth } = attesting();
  const options = { issuer: oidc.issuer, clientAuth };
  const { refresher, sent, tokens } = await login(oidc, "attested", options, { attestationJkt });
  await refresher.signOut({ revoke: true });
  assert.deepEqual(
    sent.map(({ status }) => status),
    [400, 200],
  );
  const again = createRefresher({ ...optionsOf(oidc, "attested"), clientAuth, tokens });
  await assert.rejects(again.refresh(), { code: "session_ended" });
});

test("F8 another instance's key is refused by the server, and the session has ended", async () => {
  const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const { clientAuth } = attesting({ key: other });
  const { refresher } = await login(
    oidc,
    "attested",
    { issuer: oidc.issuer, clientAuth },
    { attestationJkt },
  );
  await assert.rejects(refresher.refresh(), { code: "session_ended", error: "invalid_grant" });
});

test("F9 a challenge and a DPoP nonce may be wanted one after the other", async () => {
  const { clientAuth } = attesting();
  const options = { issuer: nonces.issuer, clientAuth, dpop: dpop() };
  const { refresher, sent } = await login(nonces, "attested", options, { attestationJkt });
  await refresher.refresh();
  assert.deepEqual(
    sent.map(({ status }) => status),
    [400, 400, 200],
  );
});

test("F9 a DPoP proof may be the proof of possession: one key, a nonce as the challenge, in a revocation too", async () => {
  const key = dpop();
  const { publicKey } = await key.keyPair();
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", publicKey);
  const clientAuth = ({ headers, client_id }) => {
    const attestation = { sub: client_id, iat: now(), exp: now() + 60, cnf: { jwk: { kty, crv, x, y } } };
    headers.set(
      "OAuth-Client-Attestation",
      jwt({ typ: "oauth-client-attestation+jwt" }, attestation, attester.privateKey),
    );
  };
  const options = { issuer: oidc.issuer, clientAuth, dpop: key };
  const attestationJkt = await key.thumbprint();
  const { refresher, sent } = await login(oidc, "combined", options, { attestationJkt });
  for (let round = 0; round < 2; round++) await refresher.refresh();
  assert.deepEqual(
    sent.map(({ status }) => status),
    [400, 200, 200],
  );
  await refresher.signOut({ revoke: true });
  assert.equal(sent.at(-1).status, 200);
  assert.match(sent.at(-1).url, /revocation$/);
});

test("F9 an attestation that is too old is asked for anew, once", async () => {
  const { clientAuth, calls } = attesting({ claims: { exp: now() - 60 } });
  const { refresher, sent } = await login(
    oidc,
    "attested",
    { issuer: oidc.issuer, clientAuth },
    { attestationJkt },
  );
  const error = await reasonOf(refresher.refresh());
  assert.deepEqual([error.code, error.error], ["client_rejected", "invalid_client"]);
  assert.equal(error.refreshTokenState, "unspent");
  assert.deepEqual([sent.length, calls.length], [2, 2]);
});

// --- sessions ---------------------------------------------------------------------------------------------------------

function optionsOf({ token_endpoint, revocation_endpoint, issuer }, name) {
  const { client_id } = registered[name];
  const clientAuth = /attested|combined/.test(name) ? undefined : authenticated(name);
  return { token_endpoint, revocation_endpoint, issuer, client_id, clientAuth };
}

/** A session of that client whose access token has expired, and its requests. */
async function login(server, name, { issuer, ...options } = {}, minted = {}) {
  const sent = [];
  const recording = async (url, init) => {
    const response = await fetch(url, init);
    if (init.body !== undefined) {
      const { headers, body } = init;
      sent.push({ url, headers, body, status: response.status, reply: await response.clone().text() });
    }
    return response;
  };
  const { token_endpoint, revocation_endpoint, ...rest } = optionsOf(server, name);
  const places = issuer ? { issuer } : { token_endpoint, revocation_endpoint };
  const tokens = await server.mint(name, minted);
  const refresher = createRefresher({ ...rest, ...places, fetch: recording, ...options });
  await refresher.setTokens(tokens);
  return { refresher, sent, tokens };
}

const assertionOf = (body) => new URLSearchParams(body).get("client_assertion");
