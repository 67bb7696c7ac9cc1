// What the standards ask of a client that refreshes, each by its number in REQUIREMENTS.md, where no other file shows it already.
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

/** What is sent for one refresh with those options, as text. */
async function sentWith(options, tokens = {}) {
  const server = endpoint();
  const { refresher } = expiredSession(server, { ...client, ...options });
  if (tokens.refresh_token) await refresher.setTokens({ ...tokens, expires_at: 1 });
  await refresher.getTokens();
  return server.asked[0];
}

// --- A: the request ---------------------------------------------------------------------------------------------------

test("a1_a2_a_refresh_is_one_post_with_one_grant_type_and_one_refresh_token", async () => {
  const { method, parameters } = await sentWith({ parameters: { tenant: "t" }, scope: "read" });
  assert.equal(method, "POST");
  assert.deepEqual(parameters.getAll("grant_type"), ["refresh_token"]);
  assert.equal(parameters.getAll("refresh_token").length, 1);
});

test("a3_a_refresh_token_of_any_characters_arrives_byte_for_byte", async () => {
  const refresh_token = "a+b/c%=&é ~'()*\u{1F600}";
  const { parameters } = await sentWith({}, { refresh_token });
  assert.equal(parameters.get("refresh_token"), refresh_token);
});

test("a4_no_parameter_is_sent_twice_but_resource", async () => {
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

test("a5_what_is_empty_is_left_out", async () => {
  const { text } = await sentWith({ scope: "", resource: [], parameters: { late: () => "" } });
  assert.match(text, /^grant_type=refresh_token&refresh_token=[^&]+&client_id=me$/);
});

test("a12_a_scope_is_sent_only_where_the_options_have_one", async () => {
  assert.equal((await sentWith({})).parameters.has("scope"), false);
  assert.equal((await sentWith({ scope: "read write" })).parameters.get("scope"), "read write");
});

test("a13_the_query_of_the_endpoint_is_kept", async () => {
  const { url } = await sentWith({ token_endpoint: `${token_endpoint}?tenant=a%20b&v=2` });
  assert.equal(url, `${token_endpoint}?tenant=a%20b&v=2`);
});

test("a15_json_is_asked_for", async () => {
  assert.equal((await sentWith({})).headers.accept, "application/json");
});

for (const status of [301, 302, 303, 307, 308])
  test(`a16_a_refresh_token_does_not_follow_a_${status}`, async (t) => {
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

test("a17_the_examples_of_the_standards_come_out_as_they_are_written", async () => {
  // RFC 6749 section 6
  const secret = { client_id: "s6BhdRkqt3", client_secret: "gX1fBat3bV" };
  const refresh = await sentWith(secret, { refresh_token: "tGzv3JOkF0XG5Qx2TlKWIA" });
  assert.equal(refresh.text, "grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA");
  assert.equal(refresh.headers.authorization, "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW");
  assert.match(refresh.headers["content-type"], /^application\/x-www-form-urlencoded(;charset=UTF-8)?$/i);
  // OpenID Connect Core section 12.1, whose order is another
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

test("b1_another_success_is_one_only_where_the_shape_says_so", async () => {
  const created = () =>
    Response.json({ access_token: "an.access.token-Oq51", token_type: "Bearer" }, { status: 201 });
  const only200 = expiredSession(endpoint(created), { ...client, response: { successStatus: [200] } });
  await assert.rejects(only200.refresher.getTokens(), { code: "bad_response" });
  const both = expiredSession(endpoint(created), { ...client, response: { successStatus: [200, 201] } });
  assert.equal((await both.refresher.getTokens()).access_token, "an.access.token-Oq51");
});

test("b5_a_new_refresh_token_replaces_the_old_one_in_the_same_write_as_the_access_token", async () => {
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

test("b7_b11_a_narrower_scope_is_told_and_narrows_no_later_request", async () => {
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

test("b8_members_that_nobody_knows_are_handed_on_as_they_came", async () => {
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

test("b9_tokens_of_64_kib_survive_and_a_reply_of_more_than_a_mebibyte_is_none", async () => {
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

test("c3_c4_a_dead_refresh_token_is_told_once_and_further_calls_fail_at_once", async () => {
  const server = endpoint(refused("invalid_grant"));
  const { refresher, events } = expiredSession(server, client);
  await assert.rejects(refresher.getTokens(), { code: "session_ended", error: "invalid_grant" });
  for (let call = 0; call < 3; call++) await assert.rejects(refresher.getTokens(), { code: "session_ended" });
  assert.equal(server.asked.length, 1);
  assert.equal(events.types().filter((type) => type === "session-ended").length, 1);
});

// --- D, E: the access token -------------------------------------------------------------------------------------------

test("d6_d7_a_step_up_challenge_is_the_callers_and_leads_to_no_refresh", async () => {
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

test("e14_a_bound_token_is_never_sent_as_bearer_whatever_a_challenge_offers", async () => {
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

test("g1_the_request_of_rfc_8707_figure_5_is_reproduced_byte_for_byte", async () => {
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

test("g1_a_resource_is_an_absolute_uri_without_a_fragment", () => {
  for (const resource of ["/relative", "https://a/#part", "", ["https://a/", "b"]])
    assert.throws(() => createRefresher({ token_endpoint, resource }), /resource must be an absolute URI/);
});

test("g2_one_refresh_token_is_one_request_at_a_time_whatever_is_asked_for", async () => {
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

test("g4_authorization_details_are_sent_as_json_and_the_granted_ones_are_handed_on", async () => {
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

test("k11_an_audience_is_sent_beside_a_scope_and_resources", async () => {
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

test("i2_i9_what_a_server_says_of_its_refresh_tokens_end_is_handed_on_and_drops_nothing", async () => {
  // the example of the draft on the expiration of refresh tokens, and the names that others have for it
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

test("i10_where_the_old_token_works_until_its_successor_is_used_a_lost_reply_costs_nothing", async () => {
  const lost = () => Promise.reject(new TypeError("fetch failed"));
  const server = endpoint(lost, lost, granted());
  const { refresher, refresh_token } = expiredSession(server, { ...client, reuse: "until-successor-used" });
  await refresher.getTokens();
  assert.deepEqual(
    server.asked.map(({ parameters }) => parameters.get("refresh_token")),
    Array(3).fill(refresh_token),
  );
});

test("i4_i5_i6_a_refresh_token_is_in_the_storage_and_in_token_requests_and_nowhere_else", async () => {
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
