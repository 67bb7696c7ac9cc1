// What an error says: what happened and what to look at, with the platform's error as its cause.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";

const TOKENS = {
  access_token: "access.token-Vb27-Lm40",
  refresh_token: "refresh.token-Ck93-Ws61",
  expires_in: 1,
};

async function refused(options, tokens = TOKENS) {
  const refresher = createRefresher({
    token_endpoint: "https://as.example/token",
    client_id: "me",
    retries: 0,
    timeoutSeconds: 1,
    ...options,
  });
  if (tokens) await refresher.setTokens(tokens);
  return refresher.refresh().catch((reason) => reason);
}

/** With other globals. */
async function within(globals, work) {
  const before = Object.keys(globals).map((name) => [
    name,
    Object.getOwnPropertyDescriptor(globalThis, name),
  ]);
  for (const [name, value] of Object.entries(globals))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  try {
    return await work();
  } finally {
    for (const [name, descriptor] of before)
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else delete globalThis[name];
  }
}

const failing = async () => {
  throw Object.assign(new TypeError("fetch failed"), {
    cause: Object.assign(new Error("reset"), { code: "ECONNRESET" }),
  });
};

test("no reply says what to look at: the network, and in a page CORS", async () => {
  const places = [
    [{}, "network down, or the server is out of reach"],
    [
      { location: { href: "https://app.example/" } },
      "network down, or the token endpoint allows no cross-origin requests from this page",
    ],
    [{ navigator: { onLine: false } }, "this device says that it is offline"],
  ];
  for (const [globals, words] of places) {
    const error = await within(globals, () => refused({ fetch: failing }));
    assert.equal(error.code, "outcome_unknown");
    assert.equal(error.error_description, `no reply: ${words}`);
    assert.match(error.message, new RegExp(`\\(no reply: ${words}\\)$`));
    assert.deepEqual(
      [error.cause.name, error.cause.message, error.cause.cause.code],
      ["TypeError", "fetch failed", "ECONNRESET"],
    );
  }
});

test("a reply that does not come in time is no lost network", async () => {
  const error = await refused({
    timeoutSeconds: 0.2,
    fetch: (_, { signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  });
  assert.equal(error.error_description, "no reply in time");
});

test("metadata that cannot be fetched is unavailable, and says where it was looked for and why", async () => {
  const silent = (_, { signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  for (const [fetch, found, cause] of [
    [failing, "gave no reply: network down, or the server is out of reach", /^fetch failed$/],
    [silent, "gave no reply in time", /abort/],
    [async () => new Response("", { status: 404 }), "was not found", undefined],
  ]) {
    const error = await refused({ token_endpoint: undefined, issuer: "https://as.example", fetch });
    assert.deepEqual([error.code, error.refreshTokenState], ["unavailable", "unspent"]);
    assert.equal(error.error_description, `the metadata of https://as.example ${found}`);
    if (cause) assert.match(error.cause.message, cause);
  }
});

test("an unknown token_type names the option for it", async () => {
  const reply = { access_token: "access.token-Dd15-Tt88", token_type: "mac", expires_in: 60 };
  const error = await refused({ fetch: async () => Response.json(reply) });
  assert.equal(error.code, "bad_response");
  assert.equal(error.error_description, "unknown token_type: write it as response.token_type");
});

test("a session that never had a refresh token asks for offline_access, and does not say that it is of no use any more", async () => {
  const error = await refused(
    { fetch: () => assert.fail("sent") },
    { access_token: TOKENS.access_token, expires_in: 3600 },
  );
  assert.equal(error.code, "session_ended");
  assert.equal(
    error.message,
    "Log in again (no refresh token: if the login brought none, did it ask for offline_access?)",
  );
});

test("a time of Retry-After that does not fit into timeoutSeconds rejects at once, and a date is read against the reply's own", async () => {
  const date = (seconds) => new Date(Date.UTC(1994, 10, 6, 8, 49, seconds)).toUTCString();
  for (const headers of [{ "retry-after": "21" }, { "retry-after": date(58), date: date(37) }]) {
    let requests = 0;
    const refresher = createRefresher({
      token_endpoint: "https://as.example/token",
      client_id: "me",
      tokens: { refresh_token: TOKENS.refresh_token },
      fetch: async () => (requests++, new Response("busy", { status: 503, headers })),
    });
    const begun = performance.now();
    const error = await refresher.getTokens({ timeoutSeconds: 15 }).catch((reason) => reason);
    assert.ok(performance.now() - begun < 5000, "at once");
    assert.deepEqual(
      [error.code, error.status, error.retryAfterSeconds, requests],
      ["unavailable", 503, 21, 1],
    );
    refresher.close();
  }
});
