// Where the access token goes: one reading of the input decides origin and target, and what merely begins like a listed origin is
// another one.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { dpop } from "oauth-refresher/dpop";

const ACCESS = "access-token-Kq81-Zx07-Pm55";

/** A session whose fetch answers by `reply` and notes what it was given. */
async function begin(reply = () => new Response("ok"), options = {}, token_type = "Bearer") {
  const sent = [];
  const refresher = createRefresher({
    token_endpoint: "https://as.example/token",
    client_id: "me",
    origins: ["https://api.example"],
    fetch: async (input, init) => {
      const request = new Request(input, init);
      sent.push(request);
      return Object.defineProperty(await reply(request), "url", { value: request.url });
    },
    ...options,
  });
  await refresher.setTokens({ access_token: ACCESS, token_type, expires_in: 3600 });
  return { refresher, sent };
}

for (const input of [
  "https://api.example.evil",
  "https://api.example.evil/x",
  "https://api.example:8443",
  "https://api.example:8443/x",
  "https://api.example@evil.example/",
  "https://api.example-evil.example/",
  "https://api.exampleevil/",
  "http://api.example/",
])
  test(`${input} is not the listed https://api.example`, async () => {
    for (const given of [input, new URL(input), ...(input.includes("@") ? [] : [new Request(input)])]) {
      const { refresher, sent } = await begin();
      await assert.rejects(refresher.fetch(given), { name: "TypeError", message: /gets no access token/ });
      assert.equal(sent.length, 0);
    }
  });

for (const input of [
  "https://api.example",
  "https://api.example/",
  "https://api.example?q",
  "HTTPS://API.example:443/x",
])
  test(`${input} is the listed https://api.example`, async () => {
    const { refresher, sent } = await begin();
    await refresher.fetch(input);
    assert.equal(sent[0].headers.get("authorization"), `Bearer ${ACCESS}`);
  });

test("an object that carries a url goes where its text says", async () => {
  const { refresher, sent } = await begin();
  const to = (url, text) => ({ url, toString: () => text });
  await assert.rejects(refresher.fetch(to("https://api.example/x", "https://evil.example/x")), {
    name: "TypeError",
    message: /^https:\/\/evil\.example gets no access token/,
  });
  let reads = 0;
  const changing = { toString: () => (reads++ ? "https://evil.example/x" : "https://api.example/x") };
  await refresher.fetch(changing);
  assert.deepEqual(
    sent.map(({ url }) => url),
    ["https://api.example/x"],
  );
});

test("a Request goes where it was made for, whatever its getter says", async () => {
  class Lying extends Request {
    get url() {
      return "https://api.example/x";
    }
  }
  const own = Object.defineProperty(new Request("https://evil.example/x"), "url", {
    value: "https://api.example/x",
  });
  for (const request of [new Lying("https://evil.example/x"), own]) {
    const { refresher, sent } = await begin();
    await assert.rejects(refresher.fetch(request), {
      name: "TypeError",
      message: /^https:\/\/evil\.example gets/,
    });
    assert.equal(sent.length, 0);
  }
  const { refresher, sent } = await begin();
  const body = { method: "POST", body: "text" };
  await refresher.fetch(new Lying("https://api.example/true", body));
  assert.deepEqual(
    [sent[0].url, sent[0].method, await sent[0].text()],
    ["https://api.example/true", "POST", "text"],
  );
});

test("a Request of another implementation is read once and sent with all it says", async () => {
  const { refresher, sent } = await begin();
  let reads = 0;
  const foreign = {
    method: "PUT",
    headers: new Headers({ "x-a": "b" }),
    body: "text",
    clone: () => assert.fail("its own clone is not asked"),
    get url() {
      return reads++ ? "https://evil.example/x" : "https://api.example/x";
    },
  };
  await refresher.fetch(foreign);
  const [request] = sent;
  assert.deepEqual(
    [request.url, request.method, request.headers.get("x-a"), await request.text(), reads],
    ["https://api.example/x", "PUT", "b", "text", 1],
  );
});

test("with DPoP a redirect to another origin leaves Cookie and Proxy-Authorization behind, as fetch does", async () => {
  const moved = (request) =>
    request.url.endsWith("/end")
      ? new Response("ok")
      : new Response(null, {
          status: 307,
          headers: { location: request.url.endsWith("/away") ? "https://other.example/end" : "/end" },
        });
  const { refresher, sent } = await begin(moved, { dpop: dpop() }, "DPoP");
  const headers = { cookie: "sid=1", "proxy-authorization": "Basic eA==", "x-api-key": "k" };
  await refresher.fetch("https://api.example/away", { headers });
  await refresher.fetch("https://api.example/stay", { headers });
  const names = ["authorization", "dpop", "cookie", "proxy-authorization", "x-api-key"];
  assert.deepEqual(
    sent.map((request) => names.filter((name) => request.headers.has(name)).length),
    [5, 1, 5, 5],
  );
});

test("a challenge of another scheme neither refreshes nor stops a refresh, and an unreadable one refreshes", async () => {
  for (const [field, refreshes] of [
    ['Bearer error="invalid_token", Own error="insufficient_scope"', true],
    ['Own error="insufficient_scope", Bearer error="invalid_token"', true],
    ['Own error="invalid_token"', false],
    ['Basic realm="x", error="invalid_token"', false],
    ['Own error="invalid_token", Bearer error="insufficient_scope"', false],
    ["=", true],
    ['"never closed', true],
    ["", true],
  ]) {
    let refreshed = 0;
    const { refresher } = await begin((request) => {
      if (request.url == "https://as.example/token")
        return Response.json({
          access_token: `${ACCESS}-${++refreshed}`,
          token_type: "Bearer",
          expires_in: 3600,
        });
      return new Response(null, { status: 401, headers: { "www-authenticate": field } });
    });
    await refresher.setTokens({
      access_token: ACCESS,
      refresh_token: "refresh-token-Ww31",
      expires_in: 3600,
    });
    assert.equal((await refresher.fetch("https://api.example/x")).status, 401);
    assert.equal(refreshed, +refreshes, field);
  }
});
