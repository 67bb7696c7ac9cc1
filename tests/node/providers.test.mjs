// The presets of whole documents, sentence by sentence.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import test from "node:test";
import * as providers from "oauth-refresher/providers";

const { go1, goTo, vault } = providers;
const client = { client_id: "app", client_secret: "s3cr3t-value+/==" };
const vaultClient = { partnerId: 7, token_endpoint: "https://vault.example/v1/auth/token" };

test("goto is exported under both names", () => {
  assert.equal(providers.goto, goTo);
});

test("go1 posts id and secret in the form and never sends a one-time token twice", () => {
  const { isTokenRejected, keepAliveSeconds, ...options } = go1(client);
  assert.deepEqual(options, {
    ...client,
    token_endpoint: "https://auth.go1.com/oauth/token",
    clientAuth: "client_secret_post",
    reuse: "never",
    origins: ["https://api.go1.com"],
  });
  assert.ok(keepAliveSeconds < (90 * 86_400) / 2);
  assert.equal(typeof isTokenRejected, "function");
});

test("go1 recognises an expired access token by its message", async () => {
  const { isTokenRejected } = go1(client);
  const says = (status, body, headers) => isTokenRejected(new Response(body, { status, headers }));
  assert.equal(await says(401, null), true);
  assert.equal(await says(401, '{"message":"Invalid token"}'), true);
  assert.equal(await says(403, "Invalid token"), true);
  assert.equal(await says(400, '{"error":"invalid_token"}'), true);
  assert.equal(await says(403, null, { "www-authenticate": 'Bearer error="invalid_token"' }), true);
  assert.equal(await says(403, '{"message":"You may not see this course"}'), false);
  assert.equal(await says(200, '{"title":"Invalid token"}'), false);
  assert.equal(await says(404, '{"message":"no course Invalid token"}'), false);
  assert.equal(await says(503, "Invalid token"), false);
});

test("go1 leaves the body readable and reads no more than it must", async () => {
  const { isTokenRejected } = go1(client);
  const response = new Response("Invalid token", { status: 403 });
  assert.equal(await isTokenRejected(response), true);
  assert.equal(await response.text(), "Invalid token");

  let pulled = 0;
  const endless = new ReadableStream({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(1024).fill(32));
    },
  });
  assert.equal(await isTokenRejected(new Response(endless, { status: 403 })), false);
  assert.ok(pulled < 20, `${pulled} kB`);

  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("reset")) });
  assert.equal(await isTokenRejected(new Response(broken, { status: 403 })), false);

  const read = new Response("Invalid token", { status: 403 });
  await read.text();
  assert.equal(await isTokenRejected(read), false);
});

test("goto sends raw Basic and adds the missing token_type", () => {
  assert.deepEqual(goTo(client), {
    ...client,
    token_endpoint: "https://authentication.logmeininc.com/oauth/token",
    clientAuth: "client_secret_basic",
    basicEncoding: "raw",
    response: { token_type: "Bearer" },
    reuse: "always",
    keepAliveSeconds: 86_400,
  });
});

test("vault sends partner and grant type in headers and the token in JSON", () => {
  assert.deepEqual(vault(vaultClient), {
    token_endpoint: vaultClient.token_endpoint,
    headers: { partnerId: "7" },
    request: {
      body: "json",
      names: { refresh_token: "refreshToken", grant_type: "grantType" },
      place: { grant_type: "header" },
      check: { partnerId: "int32" },
    },
    reuse: "never",
  });
});

test("vault accepts only an int32 as partner", () => {
  for (const partnerId of [0, -1, 2147483647, "2147483647", "-2147483648"])
    assert.equal(vault({ ...vaultClient, partnerId }).headers.partnerId, String(partnerId));
  for (const partnerId of [
    2147483648,
    -2147483649,
    1.5,
    NaN,
    "",
    "x",
    "1.0",
    " 1",
    "0x1",
    null,
    undefined,
    true,
    {},
  ])
    assert.throws(() => vault({ ...vaultClient, partnerId }), {
      name: "TypeError",
      message: /vault: partnerId must be an int32/,
    });
});

test("an option without a default is required", () => {
  assert.throws(() => vault({ partnerId: 7 }), { name: "TypeError", message: /token_endpoint is missing/ });
  for (const preset of [go1, goTo]) {
    assert.throws(() => preset(), { name: "TypeError", message: /client_id/ });
    assert.throws(() => preset({ client_id: "app" }), { name: "TypeError", message: /client_secret/ });
    assert.throws(
      () => preset({ ...client, client_secret: 12345678 }),
      (error) => !/1234/.test(error.message),
    );
    preset({ ...client, client_secret: async () => "rotated" });
  }
});

test("an endpoint of the options replaces the documented one", () => {
  const token_endpoint = "http://127.0.0.1:1/oauth/token";
  for (const preset of [go1, goTo])
    assert.equal(preset({ ...client, token_endpoint }).token_endpoint, token_endpoint);
});
