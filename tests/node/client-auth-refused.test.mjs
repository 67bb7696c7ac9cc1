// The server refuses the client: the secret's function is called once more, a new secret is sent once, and the tokens are kept.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientSecretJwt, privateKeyJwt } from "oauth-refresher/client-auth";
import { dpop } from "oauth-refresher/dpop";
import { partsOf } from "../servers/assertion.mjs";
import { endpoint, expiredSession, granted, issuer, reasonOf, refused } from "./asked.mjs";
import { virtualTime } from "./virtual-time.mjs";

const client_id = "client-of-the-test";
const SECRETS = ["first-s3cr3t-of-the-client-of-32-bytes", "second-s3cr3t-of-the-client-of-32-bytes"];
const HOUR_MS = 3_600_000;

const invalid = () => refused("invalid_client", { status: 401 });
const assertionOf = ({ parameters }) => partsOf(parameters.get("client_assertion"));

/** A secret that is rotated after the first call of its function. */
function rotated() {
  let asked = 0;
  return Object.assign(async () => SECRETS[Math.min(asked++, 1)], { asked: () => asked });
}

const secretOf = ({ headers, parameters }) =>
  parameters.get("client_secret") ??
  decodeURIComponent(Buffer.from(headers.authorization.split(" ")[1], "base64").toString().split(":")[1]);

for (const clientAuth of ["client_secret_basic", "client_secret_post"])
  test(`a rotated secret of ${clientAuth} is asked for again after invalid_client and sent at once`, async () => {
    const client_secret = rotated();
    const server = endpoint(invalid);
    const { refresher, events } = expiredSession(server, { client_id, client_secret, clientAuth });
    await refresher.refresh();
    assert.deepEqual(server.asked.map(secretOf), SECRETS);
    assert.equal(client_secret.asked(), 2);
    assert.deepEqual(
      events.types(),
      ["token-changed login", "token-changed refresh"],
      "no event of the refusal",
    );
    await refresher.refresh();
    assert.equal(client_secret.asked(), 3);
  });

test("a rotated secret of client_secret_jwt signs the second assertion", async () => {
  const server = endpoint(invalid);
  const clientAuth = clientSecretJwt(rotated());
  const { refresher } = expiredSession(server, { client_id, issuer, clientAuth });
  await refresher.refresh();
  const ids = server.asked.map((request) => assertionOf(request).claims.jti);
  assert.equal(new Set(ids).size, 2);
});

test("the second refusal is client_rejected: no third request, no session ended, no token lost", async () => {
  const server = endpoint(invalid, invalid);
  const { refresher, storage, refresh_token, events } = expiredSession(server, {
    client_id,
    client_secret: rotated(),
  });
  const error = await reasonOf(refresher.refresh());
  const { code, status, refreshTokenState, sessionEnded, retryable } = error;
  assert.deepEqual(
    { code, error: error.error, status, refreshTokenState, sessionEnded, retryable },
    {
      code: "client_rejected",
      error: "invalid_client",
      status: 401,
      refreshTokenState: "unspent",
      sessionEnded: false,
      retryable: false,
    },
  );
  assert.equal(server.asked.length, 2);
  assert.deepEqual((await storage.load()).tokens, { refresh_token });
  assert.equal((await storage.load()).pending, undefined);
  assert.deepEqual(events.types(), ["token-changed login", "refresh-failed"]);
});

const ed25519 = () => crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
for (const [name, options] of Object.entries({
  "a secret that is a string": () => ({ client_secret: SECRETS[0] }),
  "a function that has the same secret still": () => ({ client_secret: () => SECRETS[0] }),
  "client_secret_jwt with the same secret": () => ({ issuer, clientAuth: clientSecretJwt(() => SECRETS[0]) }),
  "private_key_jwt with a clock that is right": async () => ({
    issuer,
    clientAuth: privateKeyJwt((await ed25519()).privateKey),
  }),
  "a ClientAuth function that says the same again": () => ({
    clientAuth: ({ headers }) => headers.set("x-gateway-key", "always-the-same"),
  }),
  "a ClientAuth function that throws when it is asked again": () => ({
    clientAuth: ({ parameters, refused }) => {
      if (refused) throw new Error("no other error");
      parameters.set("client_token", `token-${crypto.randomUUID()}`);
    },
  }),
  "a public client": () => ({ parameters: { request_id: () => crypto.randomUUID() } }),
}))
  test(`${name} is not sent a second time, and the server's refusal stands`, async () => {
    const server = endpoint(() => refused("invalid_client", { headers: { date: new Date().toUTCString() } }));
    const { refresher } = expiredSession(server, { client_id, ...(await options()) });
    const error = await reasonOf(refresher.refresh());
    assert.deepEqual([error.code, error.error, error.status], ["client_rejected", "invalid_client", 400]);
    assert.equal(error.refreshTokenState, "unspent");
    assert.equal(server.asked.length, 1);
  });

test("only invalid_client calls the secret's function again: invalid_grant, invalid_scope and a 500 do not", async () => {
  for (const reply of [
    () => refused("invalid_grant"),
    () => refused("invalid_scope"),
    () => refused("invalid_grant", { error_description: 'not {"error":"invalid_client"}' }),
    () => new Response("invalid_client", { status: 500 }),
  ]) {
    const client_secret = rotated();
    const server = endpoint(reply);
    const { refresher } = expiredSession(server, { client_id, client_secret, retries: 0 });
    assert.ok(await reasonOf(refresher.refresh()));
    assert.equal(client_secret.asked(), 1);
    assert.equal(server.asked.length, 1);
  }
});

test("a sign-out while the secret is asked for again means that nothing more is sent", async () => {
  let answer;
  let asked = 0;
  const slow = new Promise((resolve) => (answer = resolve));
  const client_secret = () => (asked++ ? slow : SECRETS[0]);
  const server = endpoint(invalid);
  const { refresher, storage } = expiredSession(server, { client_id, client_secret });
  const waiting = reasonOf(refresher.refresh());
  while (asked < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  await refresher.signOut();
  answer(SECRETS[1]);
  assert.equal((await waiting).code, "signed_out");
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(server.asked.length, 1);
  assert.equal(await storage.load(), null);
});

// --- clocks -----------------------------------------------------------------------------------------------------------

const wrongClock = (offMs) => () => new Date(Date.now() + offMs).toUTCString();

for (const [name, offMs] of [
  ["behind", HOUR_MS],
  ["ahead", -HOUR_MS],
])
  test(`an assertion that was refused because our clock is an hour ${name} is made once more by the server's`, async () => {
    const date = wrongClock(offMs);
    const strict = (request) => {
      const off = Math.abs(assertionOf(request).claims.iat - Date.parse(date()) / 1000);
      return off > 30 ? refused("invalid_client", { headers: { date: date() } }) : granted();
    };
    const { privateKey } = await ed25519();
    const server = endpoint(...Array(6).fill(strict));
    const { refresher } = expiredSession(server, {
      client_id,
      issuer,
      clientAuth: privateKeyJwt(privateKey),
    });
    await refresher.refresh();
    assert.equal(server.asked.length, 2);
    await refresher.refresh();
    assert.equal(server.asked.length, 3, "the clock skew is remembered");
    const [{ claims }] = server.asked.slice(-1).map(assertionOf);
    assert.equal(claims.exp - claims.iat, 60);
  });

test("of many sessions that start with a wrong clock each corrects its own assertion", async () => {
  const date = wrongClock(HOUR_MS);
  const strict = async (request) => {
    await new Promise((resolve) => setTimeout(resolve, 20)); // so that all requests are in-flight before the first reply
    const off = Math.abs(assertionOf(request).claims.iat - Date.parse(date()) / 1000);
    return off > 30 ? refused("invalid_client", { headers: { date: date() } }) : granted();
  };
  const clientAuth = privateKeyJwt((await ed25519()).privateKey);
  const server = endpoint(...Array(20).fill(strict));
  const sessions = Array.from({ length: 10 }, () =>
    expiredSession(server, { client_id, issuer, clientAuth }),
  );
  await Promise.all(sessions.map(({ refresher }) => refresher.refresh()));
  assert.equal(server.asked.length, 20);
});

test("a clock that is wrong for the assertion and for the proof is corrected for each once", async () => {
  const date = wrongClock(HOUR_MS);
  const isOff = (iat) => Math.abs(iat - Date.parse(date()) / 1000) > 30;
  const strict = (request) => {
    if (isOff(assertionOf(request).claims.iat))
      return refused("invalid_client", { headers: { date: date() } });
    const { claims } = partsOf(request.headers.dpop);
    return isOff(claims.iat)
      ? refused("invalid_dpop_proof", { headers: { date: date() } })
      : granted({ token_type: "DPoP" });
  };
  const server = endpoint(strict, strict, strict);
  const clientAuth = privateKeyJwt((await ed25519()).privateKey);
  const { refresher } = expiredSession(server, { client_id, issuer, clientAuth, dpop: dpop() });
  await refresher.refresh();
  assert.equal(server.asked.length, 3);
});

test("a server whose clock jumps with every refusal is asked three times at most", async () => {
  let hours = 0;
  const refusing = () =>
    refused(hours % 2 ? "invalid_dpop_proof" : "invalid_client", {
      headers: { date: wrongClock(++hours * HOUR_MS)() },
    });
  const server = endpoint(...Array(20).fill(refusing));
  const clientAuth = privateKeyJwt((await ed25519()).privateKey);
  const { refresher } = expiredSession(server, { client_id, issuer, clientAuth, dpop: dpop() });
  const error = await reasonOf(refresher.refresh());
  assert.deepEqual([error.code, error.refreshTokenState], ["client_rejected", "unspent"]);
  assert.equal(server.asked.length, 3);
});

test("a revocation asks for a rotated secret again, once, and does not repeat the same", async () => {
  const options = { client_id, clientAuth: "client_secret_post" };
  const rotating = endpoint();
  rotating.revocations.push(invalid, invalid, invalid);
  await expiredSession(rotating, { ...options, client_secret: rotated() }).refresher.signOut({
    revoke: true,
  });
  assert.deepEqual(rotating.asked.map(secretOf), SECRETS);

  const constant = endpoint();
  constant.revocations.push(invalid, invalid);
  await expiredSession(constant, { ...options, client_secret: SECRETS[0] }).refresher.signOut({
    revoke: true,
  });
  assert.equal(constant.asked.length, 1);
});

test("after a stall in the request with the old secret the request with the new one has its whole time", async () => {
  const time = virtualTime();
  try {
    const server = endpoint(invalid);
    let answer;
    const fetch = async (url, init) => {
      const reply = await server.fetch(url, init);
      const { signal } = init;
      await new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        if (server.asked.length === 1) answer = resolve;
        else setTimeout(resolve, 3000);
      });
      return reply;
    };
    const options = { client_id, client_secret: rotated(), timeoutSeconds: 5 };
    const { refresher, storage } = expiredSession({ fetch }, options);
    const reason = reasonOf(refresher.getAccessToken());
    await time.settle();
    await time.passBusy(60_000);
    answer();
    await time.pass(15_000);
    assert.equal(await reason, undefined);
    assert.deepEqual(server.asked.map(secretOf), SECRETS);
    assert.equal((await storage.load()).pending, undefined);
  } finally {
    time.restore();
  }
});
