// Requirements of the standards, by their numbers in REQUIREMENTS.md, that no other file tests.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { dpop } from "oauth-refresher/dpop";
import { memoryStorage } from "oauth-refresher/storage";
import { listen, readBody, respond } from "../servers/wire.mjs";
import { endpoint, expiredSession, granted, refused, token_endpoint } from "./asked.mjs";
import { record } from "./session.mjs";

const client = { client_id: "me" };

/** The request of one refresh with those options, as text. */
async function sentWith(options, tokens = {}) {
  const server = endpoint();
  const { refresher } = expiredSession(server, { ...client, ...options });
  if (tokens.refresh_token) await refresher.setTokens({ ...tokens, expires_at: 1 });
  await refresher.getTokens();
  return server.asked[0];
}

// --- A: the request ---------------------------------------------------------------------------------------------------

test("A1 A2 a refresh is one POST with one grant_type and one refresh_token", async () => {
  const { method, parameters } = await sentWith({ parameters: { tenant: "t" }, scope: "read" });
  assert.equal(method, "POST");
  assert.deepEqual(parameters.getAll("grant_type"), ["refresh_token"]);
  assert.equal(parameters.getAll("refresh_token").length, 1);
});

test("A3 a refresh token of any characters arrives byte for byte", async () => {
  const refresh_token = "a+b/c%=&é ~'()*\u{1F600}";
  const { parameters } = await sentWith({}, { refresh_token });
  assert.equal(parameters.get("refresh_token"), refresh_token);
});

test("A4 no parameter except resource is sent twice", async () => {
  const options = {
    scope: "read",
    resource: ["https://a/", "https://b/"],
    audience: "api",
    parameters: { x: "1" },
  };
  const { parameters } = await sentWith(options);
  for (const name of new Set(parameters.keys()))
    assert.equal(parameters.getAll(name).length, name === "resource" ? 2 : 1, name);
});

test("A5 empty parameters are omitted", async () => {
  const { text } = await sentWith({ scope: "", resource: [], parameters: { late: () => "" } });
  assert.match(text, /^grant_type=refresh_token&refresh_token=[^&]+&client_id=me$/);
});

test("A12 a scope is sent only where the options have one", async () => {
  assert.equal((await sentWith({})).parameters.has("scope"), false);
  assert.equal((await sentWith({ scope: "read write" })).parameters.get("scope"), "read write");
});

test("A13 the query of the endpoint is kept", async () => {
  const { url } = await sentWith({ token_endpoint: `${token_endpoint}?tenant=a%20b&v=2` });
  assert.equal(url, `${token_endpoint}?tenant=a%20b&v=2`);
});

test("A15 the Accept header asks for JSON", async () => {
  assert.equal((await sentWith({})).headers.accept, "application/json");
});

for (const status of [301, 302, 303, 307, 308])
  test(`A16 a refresh token is not sent to the target of a ${status}`, async (t) => {
    const elsewhere = [];
    const other = await listen(
      async (req, res) => (elsewhere.push(await readBody(req)), respond(res, 200, {})),
    );
    const here = await listen((req, res) => respond(res, status, "", { location: `${other.origin}/token` }));
    t.after(() => Promise.all([here.close(), other.close()]));
    const { refresher } = expiredSession(
      { fetch: globalThis.fetch },
      { ...client, token_endpoint: `${here.origin}/token` },
    );
    await assert.rejects(refresher.getTokens(), { code: "bad_response" });
    assert.deepEqual(elsewhere, []);
  });

test("A17 the examples of the standards are reproduced", async () => {
  // RFC 6749 section 6
  const secret = { client_id: "s6BhdRkqt3", client_secret: "gX1fBat3bV" };
  const refresh = await sentWith(secret, { refresh_token: "tGzv3JOkF0XG5Qx2TlKWIA" });
  assert.equal(refresh.text, "grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA");
  assert.equal(refresh.headers.authorization, "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW");
  assert.match(refresh.headers["content-type"], /^application\/x-www-form-urlencoded(;charset=UTF-8)?$/i);
  // OpenID Connect Core section 12.1, in another order
  const oidc = {
    client_id: "s6BhdRkqt3",
    client_secret: "some_secret12345",
    clientAuth: "client_secret_post",
  };
  const { parameters } = await sentWith(
    { ...oidc, scope: "openid profile" },
    { refresh_token: "8xLOxBtZp8" },
  );
  const example =
    "client_id=s6BhdRkqt3&client_secret=some_secret12345&grant_type=refresh_token&refresh_token=8xLOxBtZp8&scope=openid%20profile";
  assert.deepEqual([...parameters].sort(), [...new URLSearchParams(example)].sort());
});

// --- B: the reply -----------------------------------------------------------------------------------------------------

test("B1 another 2xx status is a success only where the shape says so", async () => {
  const created = () =>
    Response.json({ access_token: "an.access.token-Oq51", token_type: "Bearer" }, { status: 201 });
  const only200 = expiredSession(endpoint(created), { ...client, response: { successStatus: [200] } });
  await assert.rejects(only200.refresher.getTokens(), { code: "bad_response" });
  const both = expiredSession(endpoint(created), { ...client, response: { successStatus: [200, 201] } });
  assert.equal((await both.refresher.getTokens()).access_token, "an.access.token-Oq51");
});

test("B5 a new refresh token replaces the old one in the same write as the access token", async () => {
  const { refresher, storage, refresh_token } = expiredSession(endpoint(), client);
  const pairs = [];
  storage.subscribe(async () => {
    const { access_token, refresh_token } = (await storage.load()).tokens;
    pairs.push([access_token, refresh_token]);
  });
  await refresher.refresh();
  await refresher.refresh();
  assert.ok(!(await storage.load()).tokens.refresh_token.includes(refresh_token));
  const known = new Map();
  for (const [access, refresh] of pairs)
    if (access) assert.equal(known.get(access) ?? (known.set(access, refresh), refresh), refresh);
});

test("B7 B11 a narrower scope is reported and does not narrow later requests", async () => {
  const server = endpoint(granted({ scope: "read" }), granted());
  const { refresher } = expiredSession(server, client);
  await refresher.setTokens({
    refresh_token: "a.refresh.token-Ut90",
    access_token: "old",
    expires_at: 1,
    scope: "read write",
  });
  assert.equal((await refresher.getTokens()).scope, "read");
  assert.equal((await refresher.refresh()).scope, "read", "what the reply leaves out is as it was");
  assert.ok(server.asked.every(({ parameters }) => !parameters.has("scope")));
});

test("B8 unknown members are passed on unchanged", async () => {
  const extra = {
    principal: "ada",
    instance_url: "https://na1.example",
    nested: { a: [1, { b: null }] },
    big: 12345678901,
  };
  const { refresher } = expiredSession(endpoint(granted(extra)), client);
  const tokens = await refresher.getTokens();
  for (const [name, value] of Object.entries(extra)) assert.deepEqual(tokens[name], value);
});

test("B9 tokens of 64 KiB are accepted, and a reply of more than 1 MiB is an error", async () => {
  const long = (character) => character.repeat(64 * 1024);
  const server = endpoint(granted({ access_token: long("A"), refresh_token: long("R") }), granted());
  const { refresher } = expiredSession(server, client);
  assert.equal((await refresher.getTokens()).access_token.length, 64 * 1024);
  await refresher.refresh();
  assert.equal(server.asked[1].parameters.get("refresh_token"), long("R"));
  const endless = endpoint(granted({ padding: "x".repeat(1 << 20) }));
  await assert.rejects(expiredSession(endless, client).refresher.getTokens(), { code: "bad_response" });
});

// --- C: errors --------------------------------------------------------------------------------------------------------

test("C3 C4 an invalid refresh token is one event, and further calls fail at once", async () => {
  const server = endpoint(refused("invalid_grant"));
  const { refresher, events } = expiredSession(server, client);
  await assert.rejects(refresher.getTokens(), { code: "session_ended", error: "invalid_grant" });
  for (let call = 0; call < 3; call++) await assert.rejects(refresher.getTokens(), { code: "session_ended" });
  assert.equal(server.asked.length, 1);
  assert.equal(events.types().filter((type) => type === "session-ended").length, 1);
});

// --- D, E: the access token -------------------------------------------------------------------------------------------

test("D6 D7 a step-up challenge is returned to the caller and causes no refresh", async () => {
  const api = [];
  const challenge = 'Bearer error="insufficient_user_authentication", max_age="5", acr_values="urn:strong"';
  const server = endpoint();
  const { refresher } = expiredSession(
    {
      fetch: async (url, init) => {
        if (String(url).startsWith(token_endpoint)) return server.fetch(url, init);
        api.push(url);
        return new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
      },
    },
    { ...client, origins: ["https://api.test"] },
  );
  for (let call = 1; call <= 3; call++) {
    const response = await refresher.fetch("https://api.test/transfer");
    assert.deepEqual([response.status, response.headers.get("www-authenticate")], [401, challenge]);
    assert.deepEqual([server.asked.length, api.length], [1, call]);
  }
});

test("E14 a bound token is never sent as Bearer, whatever a challenge offers", async () => {
  const schemes = [];
  const server = endpoint(granted({ token_type: "DPoP" }), granted({ token_type: "DPoP" }));
  const { refresher } = expiredSession(
    {
      fetch: async (url, init) => {
        if (String(url).startsWith(token_endpoint)) return server.fetch(url, init);
        schemes.push(new Headers(init?.headers ?? url.headers).get("authorization").split(" ")[0]);
        const headers = { "www-authenticate": 'Bearer error="invalid_token", DPoP algs="ES256"' };
        return new Response(null, { status: 401, headers });
      },
    },
    { ...client, dpop: dpop(), origins: ["https://api.test"] },
  );
  await refresher.fetch("https://api.test/things");
  assert.deepEqual([...new Set(schemes)], ["DPoP"]);
});

// --- G: resources and rich requests -----------------------------------------------------------------------------------

test("G1 the request of RFC 8707 figure 5 is reproduced byte for byte", async () => {
  const { text, headers } = await sentWith(
    {
      client_id: "s6BhdRkqt3",
      client_secret: "hsqEzQlUoHAE9px4FSr4yI",
      resource: "https://contacts.example.com/",
    },
    { refresh_token: "4LTC8lb0acc6Oy4esc1Nk9BWC0imAwH7kic16BDC2" },
  );
  assert.equal(
    text,
    "grant_type=refresh_token&refresh_token=4LTC8lb0acc6Oy4esc1Nk9BWC0imAwH7kic16BDC2&resource=https%3A%2F%2Fcontacts.example.com%2F",
  );
  assert.equal(headers.authorization, "Basic czZCaGRSa3F0Mzpoc3FFelFsVW9IQUU5cHg0RlNyNHlJ");
});

test("G1 a resource is an absolute URI without a fragment", () => {
  for (const resource of ["/relative", "https://a/#part", "", ["https://a/", "b"]])
    assert.throws(() => createRefresher({ token_endpoint, resource }), /resource must be an absolute URI/);
});

test("G2 one refresh token has one request at a time, whatever is requested", async () => {
  let under = 0;
  let most = 0;
  const server = endpoint();
  const fetch = async (url, init) => {
    most = Math.max(most, ++under);
    await new Promise((resolve) => setTimeout(resolve, 5));
    return (under--, server.fetch(url, init));
  };
  const { refresher } = expiredSession({ fetch }, { ...client, resource: ["https://a/", "https://b/"] });
  await Promise.all([
    refresher.getTokens(),
    refresher.refresh(),
    refresher.getTokens({ minValiditySeconds: 60 }),
  ]);
  assert.equal(most, 1);
});

test("G4 authorization_details are sent as JSON, and the granted ones are passed on", async () => {
  const asked = [
    {
      type: "payment_initiation",
      actions: ["initiate", "status"],
      locations: ["https://example.com/payments"],
    },
  ];
  const granted_details = [{ ...asked[0], debtorAccount: { iban: "DE40100100103307118608" } }];
  const server = endpoint(
    granted({ authorization_details: granted_details }),
    refused("invalid_authorization_details"),
  );
  const { refresher } = expiredSession(server, {
    ...client,
    parameters: { authorization_details: JSON.stringify(asked) },
  });
  const { authorization_details } = await refresher.getTokens();
  assert.deepEqual(authorization_details, granted_details);
  assert.deepEqual(JSON.parse(server.asked[0].parameters.get("authorization_details")), asked);
  const error = {
    code: "client_rejected",
    error: "invalid_authorization_details",
    refreshTokenState: "unknown",
  };
  await assert.rejects(refresher.refresh(), error);
  assert.equal(server.asked.length, 2, "never again by itself");
});

test("K11 an audience is sent beside a scope and resources", async () => {
  const { text } = await sentWith({
    scope: "read",
    resource: ["https://a/", "https://b/"],
    audience: "urn:api",
  });
  assert.match(
    text,
    /&scope=read&resource=https%3A%2F%2Fa%2F&resource=https%3A%2F%2Fb%2F&audience=urn%3Aapi/,
  );
});

// --- I: rotation ------------------------------------------------------------------------------------------------------

test("I2 I9 the expiry of a refresh token is passed on and drops nothing", async () => {
  // the example of the draft on the expiration of refresh tokens, and the names of other servers for it
  const rows = [
    { refresh_token_timeout: 604800, authorization_expires_in: 2592000 },
    { refresh_token_timeout: 604800, authorization_expires_in: 1987200 },
    { refresh_token_timeout: 172800, authorization_expires_in: 172800 },
    {
      refresh_token_expires_in: 0,
      refresh_expires_in: 1,
      x_refresh_token_expires_in: 2,
      refresh_token_expires_at: 3,
    },
    { refresh_token: undefined, authorization_expires_in: 9007199254740991 },
  ];
  const server = endpoint(...rows.map((row) => granted(row)));
  const { refresher, storage } = expiredSession(server, client);
  for (const { refresh_token: _, ...row } of rows) {
    const tokens = await refresher.refresh();
    for (const [name, value] of Object.entries(row)) assert.equal(tokens[name], value, name);
    assert.ok((await storage.load()).tokens.refresh_token);
  }
  assert.equal(server.asked.length, rows.length);
});

test("I10 where the old token works until its successor is used, a lost reply costs nothing", async () => {
  const lost = () => Promise.reject(new TypeError("fetch failed"));
  const server = endpoint(lost, lost, granted());
  const { refresher, refresh_token } = expiredSession(server, { ...client, reuse: "until-successor-used" });
  await refresher.getTokens();
  assert.deepEqual(
    server.asked.map(({ parameters }) => parameters.get("refresh_token")),
    Array(3).fill(refresh_token),
  );
});

test("I4 I5 I6 a refresh token is only in the storage and in token requests", async () => {
  const storage = memoryStorage();
  const refresher = createRefresher({ ...client, token_endpoint, storage, fetch: async () => granted() });
  const events = record(refresher);
  await refresher.setTokens({
    refresh_token: "a.refresh.token-Xs46",
    access_token: "an.access.token-Lf07",
    expires_at: 1,
  });
  const seen = [await refresher.getTokens(), refresher.tokens, events.map(({ tokens }) => tokens)];
  const { refresh_token } = (await storage.load()).tokens;
  for (const secret of ["a.refresh.token-Xs46", refresh_token])
    assert.ok(!JSON.stringify(seen).includes(secret));
});
