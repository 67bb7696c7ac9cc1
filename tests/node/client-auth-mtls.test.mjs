// Mutual TLS (RFC 8705): requirements F10 to F12, at a TLS server on loopback that requests a certificate.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { mutualTls, privateKeyJwt } from "oauth-refresher/client-auth";
import { fetchWith, startMutualTls } from "../servers/mutual-tls.mjs";
import { endpoint, expiredSession, issuer, reasonOf } from "./asked.mjs";

const client_id = "client-with-a-certificate";

let server, plain, own, other;
before(async () => {
  [server, plain] = await Promise.all([
    startMutualTls({ client_id }),
    startMutualTls({ client_id, hasAliases: false }),
  ]);
  [own, other] = [server.issue("client one"), server.issue("client two")];
});
after(() => Promise.all([server.close(), plain.close()]));
beforeEach(() => (server.asked.length = 0));

/** A session of a client with that certificate. */
function session(options, { certificate = own, tokens = server.mint(own) } = {}) {
  const fetch = fetchWith({ ca: server.ca, ...certificate });
  return createRefresher({ client_id, clientAuth: mutualTls(), fetch, tokens, ...options });
}

test("F10 F11 a client is known by its certificate: its client_id is in the body, and it comes by the aliases", async () => {
  const tokens = server.mint(own);
  const refresher = session({ issuer: server.issuer }, { tokens });
  for (let round = 0; round < 3; round++) await refresher.refresh();
  await refresher.signOut({ revoke: true });
  assert.deepEqual(
    server.asked.map(({ door, path, subject }) => `${door} ${path} ${subject}`),
    [...Array(3).fill("back /token client one"), "back /revoke client one"],
  );
  for (const { parameters, headers } of server.asked) {
    assert.equal(parameters.get("client_id"), client_id);
    assert.equal(headers.authorization, undefined);
    assert.deepEqual(
      [...parameters.keys()].filter((name) => /secret|assertion/.test(name)),
      [],
    );
  }
  assert.equal(server.revoked.size, 1);
});

test("F11 an endpoint that the application names is taken as it is", async () => {
  const refresher = session({ token_endpoint: server.token_endpoint });
  await refresher.refresh();
  assert.deepEqual(
    server.asked.map(({ door }) => door),
    ["back"],
  );
});

test("F11 without aliases in the metadata their own endpoints are used, and other clients never go by aliases", async () => {
  const aliasless = createRefresher({
    issuer: plain.issuer,
    client_id,
    clientAuth: mutualTls(),
    fetch: fetchWith({ ca: plain.ca, ...plain.issue("client") }),
    tokens: { refresh_token: "of-no-consequence-here" },
  });
  await reasonOf(aliasless.refresh());
  const public_ = session({ issuer: server.issuer, clientAuth: "none" });
  await reasonOf(public_.refresh());
  assert.deepEqual(
    [...plain.asked, ...server.asked].map(({ door }) => door),
    ["front", "front"],
  );
});

test("F12 a refresh token that is bound to a certificate is refreshed with it and with no other", async () => {
  const refresher = session({ issuer: server.issuer });
  await refresher.refresh();
  await refresher.refresh();
  const stranger = session({ issuer: server.issuer }, { certificate: other });
  await assert.rejects(stranger.refresh(), { code: "session_ended", error: "invalid_grant" });
});

test("F12 an assertion beside the certificate, for tokens that are bound to it", async () => {
  const { privateKey } = await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
  const refresher = session({ issuer: server.issuer, clientAuth: mutualTls(privateKeyJwt(privateKey)) });
  await refresher.refresh();
  const [{ door, parameters }] = server.asked;
  assert.equal(door, "back");
  const clientAuth = mutualTls(privateKeyJwt(privateKey));
  const { token_endpoint } = server;
  assert.throws(
    () => createRefresher({ token_endpoint, client_id, clientAuth }),
    /issuer is missing: privateKeyJwt/,
  );
  assert.equal(parameters.get("client_assertion").split(".").length, 3);
});

test("a client without a certificate, or with one of another authority, is told so and keeps its tokens", async () => {
  const strange = plain.issue("client one");
  for (const certificate of [{}, strange]) {
    const refresher = session({ token_endpoint: server.token_endpoint, retries: 0 }, { certificate });
    const error = await reasonOf(refresher.refresh());
    assert.equal(error.sessionEnded, false);
    assert.notEqual(refresher.state, "session-ended");
  }
  assert.equal(server.asked.length, 0);
});

test("F11 a page without a fetch of its own is told what to write, and a certificate without a client_id too", () => {
  const token_endpoint = "https://auth.test/token";
  globalThis.document = {};
  try {
    const wanted = { name: "TypeError", message: /give the option `fetch`/ };
    assert.throws(() => createRefresher({ token_endpoint, client_id, clientAuth: mutualTls() }), wanted);
    createRefresher({
      token_endpoint,
      client_id,
      clientAuth: mutualTls(),
      fetch,
      background: "never",
    }).close();
  } finally {
    delete globalThis.document;
  }
  createRefresher({ token_endpoint, client_id, clientAuth: mutualTls() }).close();
  assert.throws(
    () => createRefresher({ token_endpoint, clientAuth: mutualTls() }),
    /^TypeError: client_id is missing: mutualTls/,
  );
  assert.throws(() => mutualTls("private_key_jwt"), /^TypeError: mutualTls: what stands beside/);
  const { privateKey } = generateKeyPairSync("ed25519");
  assert.throws(() => mutualTls(privateKey), TypeError);
});

test("F10 by mutualTls a request says the client_id and nothing else of its client", async () => {
  const { fetch, asked } = endpoint();
  const { refresher } = expiredSession({ fetch }, { client_id, issuer, clientAuth: mutualTls() });
  await refresher.refresh();
  const [{ parameters, headers }] = asked;
  assert.deepEqual([...parameters.keys()], ["grant_type", "refresh_token", "client_id"]);
  assert.deepEqual(Object.keys(headers), ["accept", "content-type"]);
});
