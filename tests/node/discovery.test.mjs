// Metadata of an issuer (RFC 8414, OpenID Connect Discovery): where it is looked up, and when it is rejected.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { mutualTls } from "oauth-refresher/client-auth";
import { memoryStorage } from "oauth-refresher/storage";
import { virtualTime } from "./virtual-time.mjs";

const ISSUER = "https://as.example";
const TOKENS = { access_token: "new.access.token-Vd63", token_type: "Bearer", expires_in: 3600 };
const GOOD = { token_endpoint: "https://as.example/token", revocation_endpoint: "https://as.example/revoke" };
const SECOND = 1000;

let time;
afterEach(() => (time?.restore(), (time = undefined)));

/** A session at an issuer with these documents by URL, and the log of its requests. */
function session(pages, { issuer = ISSUER, ...options } = {}) {
  const asked = [];
  const storage = memoryStorage();
  const refresher = createRefresher({
    issuer,
    client_id: "me",
    timeoutSeconds: 5,
    storage,
    tokens: { refresh_token: "a.refresh.token-Nn52" },
    fetch: async (url, init) => {
      asked.push({ url: String(url), ...init });
      if (init.method == "POST") return Response.json(TOKENS);
      const page = pages[url];
      if (!page) return new Response("not here", { status: 404 });
      return typeof page == "function" ? page(init) : Response.json({ issuer, ...page });
    },
    ...options,
  });
  const urls = () => asked.map(({ url }) => url);
  return { refresher, asked, urls, storage, pages };
}

async function refused({ refresher, storage }) {
  time ??= virtualTime();
  let error;
  refresher.getTokens().catch((reason) => (error = reason));
  for (let seconds = 0; !error && seconds < 60; seconds++) await time.pass(SECOND);
  const { code, error_description, retryable, sessionEnded, refreshTokenState } = error;
  assert.deepEqual(
    [code, retryable, sessionEnded, refreshTokenState],
    ["unavailable", true, false, "unspent"],
  );
  assert.equal((await storage.load()).tokens.refresh_token, "a.refresh.token-Nn52");
  return error_description;
}

const PLACES = {
  "https://as.example": [
    "https://as.example/.well-known/oauth-authorization-server",
    "https://as.example/.well-known/openid-configuration",
  ],
  "https://as.example/": [
    "https://as.example/.well-known/oauth-authorization-server",
    "https://as.example/.well-known/openid-configuration",
  ],
  "https://example.com/issuer1": [
    "https://example.com/.well-known/oauth-authorization-server/issuer1",
    "https://example.com/issuer1/.well-known/openid-configuration",
  ],
  "https://example.com:8443/a/b/": [
    "https://example.com:8443/.well-known/oauth-authorization-server/a/b",
    "https://example.com:8443/a/b/.well-known/openid-configuration",
  ],
};
for (const [issuer, places] of Object.entries(PLACES))
  test(`G5 the well-known path of ${issuer} is inserted for OAuth first, then appended for OpenID`, async () => {
    for (const [index, place] of places.entries()) {
      const { refresher, urls } = session({ [place]: GOOD }, { issuer });
      assert.equal((await refresher.getTokens()).access_token, TOKENS.access_token);
      assert.deepEqual(urls(), [...places.slice(0, index + 1), GOOD.token_endpoint]);
      await refresher.refresh();
      assert.equal(urls().length, index + 3, "valid metadata is requested once");
    }
  });

const OTHERS = [
  "https://as.example/",
  "https://AS.example",
  "http://as.example",
  "https://as.example.evil.example",
  undefined,
];
for (const named of OTHERS)
  test(`G5 metadata of ${ISSUER} that names ${named} is not used, and the other location is tried`, async () => {
    const [first, second] = PLACES[ISSUER];
    const wrong = { ...GOOD, token_endpoint: "https://evil.example/token", issuer: named };
    const { refresher, urls } = session({ [first]: wrong, [second]: GOOD });
    await refresher.getTokens();
    assert.equal(urls().at(-1), GOOD.token_endpoint);
    const nowhere = session({ [first]: wrong, [second]: wrong });
    const error = await nowhere.refresher.getTokens().catch((reason) => reason);
    const why = `the issuer is ${ISSUER}, and its metadata names ${named ?? "none"}: write that`;
    assert.equal(error.message, `Nothing was sent (${why})`);
    assert.deepEqual(
      [error.code, error.retryable, error.sessionEnded, error.refreshTokenState],
      ["client_rejected", false, false, "unspent"],
    );
    assert.equal(error.cause.message, why);
    assert.ok(!nowhere.urls().some((url) => url.includes("evil")));
  });

for (const [name, page] of Object.entries({
  "a page of HTML": () => new Response("<html>"),
  null: () => Response.json(null),
  "two megabytes": () => Response.json({ ...GOOD, issuer: ISSUER, padding: "x".repeat(2 << 20) }),
  "a redirect": ({ redirect }) => {
    assert.equal(redirect, "manual");
    return new Response(null, { status: 302, headers: { location: "https://evil.example/metadata" } });
  },
  "an error of the server": () => new Response(null, { status: 500 }),
  silence: () => new Promise(() => {}),
  "no network": () => Promise.reject(new TypeError("fetch failed")),
}))
  test(`metadata that is ${name} is an error, costs no token, and is requested again`, async () => {
    const [first, second] = PLACES[ISSUER];
    const world = session({ [first]: page, [second]: page }, { retries: 0 });
    const told = { silence: /in time/, "no network": /gave no reply: network down/ }[name];
    assert.match((await refused(world)) ?? "", told ?? /was not found/);
    // a failure is not cached
    world.pages[first] = GOOD;
    await time.pass(120 * SECOND);
    let tokens;
    world.refresher.getTokens().then((found) => (tokens = found));
    await time.pass(SECOND);
    assert.equal(tokens?.access_token, TOKENS.access_token);
  });

for (const token_endpoint of [
  "http://as.example/token",
  "ftp://as.example/token",
  "/token",
  5,
  null,
  undefined,
  "https://a:b@as.example/",
])
  test(`G6 a token endpoint that is ${token_endpoint} gets no token`, async () => {
    const world = session({ [PLACES[ISSUER][0]]: { ...GOOD, token_endpoint } });
    assert.match(await refused(world), /has no token_endpoint with https/);
    assert.deepEqual(
      world.asked.filter(({ method }) => method == "POST"),
      [],
    );
  });

test("G6 a loopback endpoint needs no TLS, and another issuer does", async () => {
  const token_endpoint = "http://127.0.0.1:9/token";
  const { refresher, urls } = session({ [PLACES[ISSUER][0]]: { token_endpoint } });
  await refresher.getTokens();
  assert.equal(urls().at(-1), token_endpoint);
  assert.throws(
    () => createRefresher({ issuer: "http://as.example", client_id: "me" }),
    /issuer must be an https URL/,
  );
});

test("an issuer that is the URL of its metadata is told to end before", async () => {
  const issuer = `${ISSUER}/.well-known/openid-configuration`;
  assert.equal(
    await refused(session({}, { issuer })),
    `the metadata of ${issuer} was not found: write issuer without /.well-known/ and what follows`,
  );
});

test("a revocation endpoint without TLS is not used", async () => {
  const page = { ...GOOD, revocation_endpoint: "http://as.example/revoke" };
  const { refresher, urls } = session({ [PLACES[ISSUER][0]]: page });
  await refresher.getTokens();
  await assert.rejects(refresher.signOut({ revoke: true }), /^TypeError: revocation_endpoint is missing: /);
  assert.equal(urls().at(-1), GOOD.token_endpoint);
  assert.equal(refresher.state, "signed-out");
});

test("revoke rejects where the metadata name no endpoint for it, and the session is over here", async () => {
  const { refresher, storage } = session({ [PLACES[ISSUER][0]]: { token_endpoint: GOOD.token_endpoint } });
  await refresher.getTokens();
  await assert.rejects(refresher.signOut({ revoke: true }), {
    name: "TypeError",
    message:
      "revocation_endpoint is missing: write its URL, or an issuer that names one. Signed out here only",
  });
  assert.deepEqual([await storage.load(), refresher.state], [null, "signed-out"]);
  await refresher.signOut({ revoke: true });
});

test("tokens of another subject are dropped without a rejection where no revocation endpoint is known", async () => {
  const rejections = [];
  const note = (reason) => rejections.push(reason);
  process.on("unhandledRejection", note);
  const id_token = (sub) =>
    `e30.${Buffer.from(JSON.stringify({ iss: ISSUER, sub, aud: "me" })).toString("base64url")}.c2ln`;
  for (const place of [{ issuer: ISSUER }, { issuer: undefined, token_endpoint: GOOD.token_endpoint }]) {
    const { refresher } = session(
      { [PLACES[ISSUER][0]]: { token_endpoint: GOOD.token_endpoint } },
      {
        ...place,
        tokens: { refresh_token: "a.refresh.token-Nn52", id_token: id_token("one") },
        fetch: async (_, { method }) =>
          method == "POST"
            ? Response.json({
                ...TOKENS,
                refresh_token: "next.refresh.token-Xs81",
                id_token: id_token("two"),
              })
            : Response.json({ issuer: ISSUER, token_endpoint: GOOD.token_endpoint }),
      },
    );
    await assert.rejects(refresher.getTokens(), { code: "identity_mismatch" });
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off("unhandledRejection", note);
  assert.deepEqual(rejections, []);
});

test("a sign-out while the issuer is out of reach revokes nothing and succeeds", async () => {
  const { refresher } = session({}, { token_endpoint: "https://own.example/token" });
  await refresher.getTokens();
  await refresher.signOut({ revoke: true });
  assert.equal(refresher.state, "signed-out");
});

test("an endpoint of the options is not looked up, and the other one is", async () => {
  const { refresher, urls } = session(
    { [PLACES[ISSUER][0]]: GOOD },
    { token_endpoint: "https://own.example/token" },
  );
  await refresher.getTokens();
  assert.deepEqual(urls(), ["https://own.example/token"]);
  await refresher.signOut({ revoke: true });
  assert.deepEqual(urls().slice(1), [PLACES[ISSUER][0], GOOD.revocation_endpoint]);
});

const METHODS = {
  "not said": [undefined, "basic"],
  client_secret_basic: [["client_secret_basic"], "basic"],
  both: [["client_secret_post", "client_secret_basic"], "basic"],
  client_secret_post: [["private_key_jwt", "client_secret_post"], "post"],
  "none that a secret could use": [["private_key_jwt"], "basic"],
};
for (const [name, [token_endpoint_auth_methods_supported, wanted]] of Object.entries(METHODS))
  test(`G7 where the methods of the token endpoint are ${name}, a secret is sent as client_secret_${wanted}`, async () => {
    const page = { ...GOOD, token_endpoint_auth_methods_supported };
    for (const [clientAuth, method] of [
      [undefined, wanted],
      ["client_secret_basic", "basic"],
      ["client_secret_post", "post"],
    ]) {
      const { refresher, asked } = session(
        { [PLACES[ISSUER][0]]: page },
        { client_secret: "s3cret-word", clientAuth },
      );
      await refresher.getTokens();
      const { headers, body } = asked.at(-1);
      assert.equal(new Headers(headers).has("authorization"), method == "basic");
      assert.equal(new URLSearchParams(body).get("client_secret"), method == "post" ? "s3cret-word" : null);
    }
  });

test("a public client stays public whatever the metadata says", async () => {
  const page = { ...GOOD, token_endpoint_auth_methods_supported: ["client_secret_post"] };
  const { refresher, asked } = session({ [PLACES[ISSUER][0]]: page });
  await refresher.getTokens();
  assert.deepEqual([...new URLSearchParams(asked.at(-1).body).keys()].sort(), [
    "client_id",
    "grant_type",
    "refresh_token",
  ]);
});

test("aliases for mutual TLS obey the same rules", async () => {
  const alias = (token_endpoint) => ({ ...GOOD, mtls_endpoint_aliases: { token_endpoint } });
  for (const [page, endpoint] of [
    [alias("https://mtls.as.example/token"), "https://mtls.as.example/token"],
    [alias("http://mtls.as.example/token"), GOOD.token_endpoint],
    [{ ...GOOD, mtls_endpoint_aliases: "none" }, GOOD.token_endpoint],
  ]) {
    const { refresher, urls } = session({ [PLACES[ISSUER][0]]: page }, { clientAuth: mutualTls() });
    await refresher.getTokens();
    assert.equal(urls().at(-1), endpoint);
  }
});
