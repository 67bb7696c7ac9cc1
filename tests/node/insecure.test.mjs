// Plain http on purpose, and what refresher.fetch gives where the refresh after a 401 failed.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";

const TOKENS = {
  access_token: "first.access.token-Wd31",
  refresh_token: "first.refresh.token-Jt77",
  expires_in: 3600,
};

test("plain http beyond loopback is refused unless allowInsecureRequests is true", () => {
  const options = { token_endpoint: "http://keycloak:8080/token", client_id: "me" };
  assert.throws(() => createRefresher(options), /token_endpoint must be an https URL/);
  assert.throws(() => createRefresher({ ...options, allowInsecureRequests: false }), /token_endpoint/);
  assert.throws(
    () => createRefresher({ allowInsecureRequests: "yes", ...options }),
    /allowInsecureRequests must be true or false/,
  );
  createRefresher({ ...options, allowInsecureRequests: true }).close();
  for (const wrong of [
    "http://me:pw@keycloak/token",
    "ftp://keycloak/token",
    "http://keycloak/token#x",
    "keycloak",
  ])
    assert.throws(
      () => createRefresher({ ...options, token_endpoint: wrong, allowInsecureRequests: true }),
      TypeError,
      wrong,
    );
});

test("allowInsecureRequests is for origins, the issuer and its metadata too", async () => {
  const asked = [];
  const refresher = createRefresher({
    issuer: "http://keycloak:8080",
    client_id: "me",
    allowInsecureRequests: true,
    origins: ["http://api:9000"],
    tokens: { refresh_token: TOKENS.refresh_token },
    fetch: async (input) => {
      const url = String(input.url ?? input);
      asked.push(url);
      if (url.includes("well-known"))
        return Response.json({
          issuer: "http://keycloak:8080",
          token_endpoint: "http://keycloak:8080/token",
        });
      return Response.json({ access_token: "second.access.token", token_type: "Bearer", expires_in: 60 });
    },
  });
  assert.ok((await refresher.fetch("http://api:9000/me")).ok);
  assert.deepEqual(asked.slice(1), ["http://keycloak:8080/token", "http://api:9000/me"]);
  await assert.rejects(refresher.fetch("http://other:9000/me"), TypeError);
  refresher.close();
});

test("names under .localhost are loopback only where the platform resolves them so", () => {
  const options = { token_endpoint: "http://as.localhost:8080/token", client_id: "me" };
  assert.throws(() => createRefresher(options), /loopback/);
  globalThis.location = { href: "https://app.example/" };
  try {
    createRefresher(options).close();
  } finally {
    delete globalThis.location;
  }
});

/** A call that gets a 401, and a token endpoint that answers like this. */
function refused(reply, options) {
  const refresher = createRefresher({
    token_endpoint: "https://as.example/token",
    client_id: "me",
    origins: ["https://api.example"],
    tokens: TOKENS,
    retries: 0,
    background: "never",
    fetch: async (url) =>
      String(url).startsWith("https://api.example/") ? new Response("refused", { status: 401 }) : reply(),
    ...options,
  });
  return refresher.fetch("https://api.example/me").finally(() => refresher.close());
}

test("where the refresh after a 401 failed for now, refresher.fetch rejects with the RefreshError", async () => {
  const busy = () => new Response("", { status: 503, headers: { "retry-after": "60" } });
  await assert.rejects(refused(busy), { code: "unavailable", retryable: true, status: 503 });
  const kept = await refused(busy, { keepRejectedResponse: true });
  assert.deepEqual([kept.status, await kept.text()], [401, "refused"]);
});

test("where a login is needed, refresher.fetch gives the 401", async () => {
  const ended = () => Response.json({ error: "invalid_grant" }, { status: 400 });
  const response = await refused(ended);
  assert.deepEqual([response.status, await response.text()], [401, "refused"]);
});
