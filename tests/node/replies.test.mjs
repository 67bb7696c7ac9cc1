// Replies of a token endpoint: their effect on the session, and whether the same refresh token is sent again.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";
import { record } from "./session.mjs";
import { virtualTime } from "./virtual-time.mjs";

const SECOND = 1000;
const DAY = 86_400 * SECOND;
const LOGIN = {
  access_token: "first.access.token-4Yk2",
  refresh_token: "first.refresh.token-9Qp7",
  scope: "read write",
  id_token: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.",
  principal: "ada",
};
const NEXT = { access_token: "second.access.token-Zt31", refresh_token: "second.refresh.token-Lw58" };

let time;
beforeEach(() => (time = virtualTime()));
afterEach(() => time.restore());

const json = (status, body, headers) => () => Response.json(body, { status, headers });
const text =
  (status, body, type = "text/html") =>
  () =>
    new Response(body, { status, headers: { "content-type": type } });
const form = (status, body) =>
  text(status, new URLSearchParams(body).toString(), "application/x-www-form-urlencoded");
const fails = (code) => () =>
  Promise.reject(Object.assign(new TypeError("fetch failed"), code && { cause: { code } }));
const hangs = () => new Promise(() => {});
const breaks = () =>
  new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"access_token":"sec'));
        controller.error(new TypeError("terminated"));
      },
    }),
  );

/** A session, and a server with these replies in order; the last one is repeated. */
async function begin(answers, { expires_at = 1, ...options } = {}) {
  const bodies = [];
  const headers = [];
  const storage = options.storage ?? memoryStorage();
  const script = [answers].flat();
  const refresher = createRefresher({
    token_endpoint: "https://auth.example/token",
    client_id: "me",
    timeoutSeconds: 5,
    ...options,
    storage,
    fetch: async (url, init) => {
      bodies.push(Object.fromEntries(new URLSearchParams(init.body)));
      headers.push(new Headers(init.headers));
      return (script.length > 1 ? script.shift() : script[0])();
    },
  });
  const events = record(refresher);
  await refresher.setTokens({ ...LOGIN, expires_at });
  return { refresher, storage, events, bodies, headers };
}

/** The result within a minute. */
async function outcomeOf(promise) {
  let outcome;
  promise.then(
    (value) => (outcome = { value }),
    (reason) => (outcome = { reason }),
  );
  await time.settle();
  for (let seconds = 0; !outcome && seconds < 60; seconds++) await time.pass(SECOND);
  return outcome;
}

// --- replies that do not end a session --------------------------------------------------------------------------------

const passing = {
  "a network that is gone": [fails(), "outcome_unknown"],
  "a host that is not found": [fails("ENOTFOUND"), "unavailable"],
  "no answer": [hangs, "unavailable"],
  "a broken success": [breaks, "outcome_unknown"],
  408: [json(408, {}), "unavailable"],
  425: [json(425, {}), "unavailable"],
  429: [json(429, { error: "slow_down" }), "unavailable"],
  500: [json(500, { error: "server_error" }), "unavailable"],
  502: [text(502, "<h1>Bad gateway"), "unavailable"],
  503: [text(503, ""), "unavailable"],
  504: [text(504, "upstream"), "unavailable"],
  "a firewall's 403": [text(403, "<h1>Denied"), "bad_response"],
  404: [text(404, "<h1>Not found"), "bad_response"],
  "an empty body": [text(200, ""), "bad_response"],
  "a captive portal": [text(200, "<h1>Welcome to the airport"), "bad_response"],
  "a reply without access_token": [json(200, { token_type: "Bearer" }), "bad_response"],
  "an access_token that is null": [json(200, { access_token: null }), "bad_response"],
  "a redirect": [
    () => new Response(null, { status: 302, headers: { location: "https://x.example" } }),
    "bad_response",
  ],
  "an unknown token type": [json(200, { access_token: "x", token_type: "mac" }), "bad_response"],
  server_error: [json(400, { error: "server_error" }), "unavailable"],
  temporarily_unavailable: [json(400, { error: "temporarily_unavailable" }), "unavailable"],
  invalid_client: [json(401, { error: "invalid_client" }), "client_rejected"],
  unauthorized_client: [json(400, { error: "unauthorized_client" }), "client_rejected"],
  invalid_request: [json(400, { error: "invalid_request" }), "client_rejected"],
  invalid_scope: [json(400, { error: "invalid_scope" }), "client_rejected"],
  unsupported_grant_type: [json(400, { error: "unsupported_grant_type" }), "client_rejected"],
  invalid_target: [json(400, { error: "invalid_target" }), "client_rejected"],
  "an unknown code": [json(400, { error: "teapot" }), "client_rejected"],
};

for (const [name, [answer, code]] of Object.entries(passing))
  test(`${name} is ${code}, costs no token and no session`, async () => {
    const { refresher, storage, events } = await begin(answer, { retries: 0 });
    const before = JSON.stringify((await storage.load()).tokens);
    const { reason } = await outcomeOf(refresher.getAccessToken());
    assert.deepEqual([reason.name, reason.code, reason.sessionEnded], ["RefreshError", code, false]);
    assert.equal(reason.retryable, code !== "client_rejected");
    await time.settle();
    assert.equal(JSON.stringify((await storage.load()).tokens), before, "byte for byte");
    assert.ok(events.types().includes("refresh-failed"));
    assert.ok(!events.types().some((type) => /ended/.test(type)));
    assert.equal(refresher.state, "active");
  });

for (const [name, [answer]] of Object.entries(passing))
  test(`${name} leaves a valid access token with its callers until it runs out`, async () => {
    const end = Date.now() / 1000 + 100;
    const { refresher } = await begin(answer, { expires_at: end, background: "always", retries: 0 });
    assert.equal(await refresher.getAccessToken(), LOGIN.access_token);
    await time.pass(95 * SECOND); // refreshes ahead failed meanwhile, and the remaining validity is below the usual ten seconds
    const { value } = await outcomeOf(refresher.getAccessToken());
    assert.equal(value, LOGIN.access_token);
    refresher.close();
  });

test("a caller whose next attempt comes after the token's expiry gets the token now", async () => {
  const end = Date.now() / 1000 + 100;
  const later = json(503, {}, { "retry-after": "8" });
  const { refresher, bodies } = await begin(later, { expires_at: end });
  await time.pass(95 * SECOND);
  const asked = Date.now();
  const { value } = await outcomeOf(refresher.getAccessToken());
  assert.equal(value, LOGIN.access_token);
  assert.deepEqual([Date.now() - asked, bodies.length], [0, 1]);
});

test("invalid_grant while the access token is valid is reported at once, and the token is served until it expires", async () => {
  const end = Date.now() / 1000 + 100;
  const { refresher, storage, events } = await begin(json(400, { error: "invalid_grant" }), {
    expires_at: end,
    background: "always",
  });
  await time.pass(80 * SECOND);
  assert.deepEqual(events.types().slice(1), ["session-ended"]);
  assert.equal((await storage.load()).tokens.refresh_token, undefined);
  assert.equal(await refresher.getAccessToken(), LOGIN.access_token);
  await time.pass(21 * SECOND);
  const { reason } = await outcomeOf(refresher.getAccessToken());
  assert.equal(reason.code, "session_ended");
  assert.deepEqual(events.types().filter((type) => type === "session-ended").length, 1, "told once");
});

// --- replies that end a session ----------------------------------------------------------------------------------------

const endings = {
  "invalid_grant with 400": json(400, { error: "invalid_grant", error_description: "expired" }),
  "invalid_grant with 401 beside a challenge": json(
    401,
    { error: "invalid_grant" },
    { "www-authenticate": 'Basic realm="x"' },
  ),
  "invalid_grant with 403": json(403, { error: "invalid_grant" }),
  "invalid_grant with 500": json(500, { error: "invalid_grant" }),
  "an alias in a 200": json(200, { error: "bad_refresh_token" }),
  "an alias in a form in a 200": form(200, { error: "bad_refresh_token" }),
  refresh_token_not_found: json(400, { error_code: "refresh_token_not_found" }),
  "an error that is an object": json(400, { error: { code: "refresh_token_reused", message: "used" } }),
  "a code of the options": json(400, { error: "KOE322" }),
};

for (const [name, answer] of Object.entries(endings))
  test(`${name} ends the session, once, without another request`, async () => {
    const { refresher, storage, events, bodies } = await begin(answer, { endsWhen: ["KOE322"] });
    const { reason } = await outcomeOf(refresher.getAccessToken());
    assert.deepEqual(
      [reason.code, reason.sessionEnded, reason.refreshTokenState, reason.retryable],
      ["session_ended", true, "spent", false],
    );
    assert.equal(await storage.load(), null);
    assert.equal((await outcomeOf(refresher.getAccessToken())).reason.code, "session_ended");
    await time.settle();
    assert.deepEqual(events.types().slice(1), ["token-changed session-ended", "session-ended"]);
    assert.equal(bodies.length, 1);
  });

for (const error of [
  "interaction_required",
  "login_required",
  "consent_required",
  "account_selection_required",
  "mfa_required",
])
  test(`${error} ends the session: the error says that the user has to act, and not that the refresh token is spent`, async () => {
    const options = { response: { errors: { mfa_required: "session_ended" } } };
    const { refresher, storage, bodies } = await begin(
      json(400, { error, error_description: "act" }),
      options,
    );
    const { reason } = await outcomeOf(refresher.getAccessToken());
    assert.deepEqual(
      [reason.code, reason.loginRequired, reason.refreshTokenState, reason.error],
      ["session_ended", true, "unknown", error],
    );
    assert.equal(reason.message, `The server asks for the user: log in again (400 ${error})`);
    assert.equal(await storage.load(), null);
    const { reason: later } = await outcomeOf(refresher.getAccessToken());
    assert.deepEqual(
      [later.code, later.message, later.refreshTokenState],
      ["session_ended", "The session has ended: log in again", "unknown"],
    );
    assert.equal(bodies.length, 1);
  });

// --- successes ---------------------------------------------------------------------------------------------------------

for (const [name, refresh_token] of Object.entries({
  absent: undefined,
  null: null,
  empty: "",
  "a number": 7,
  "an object": { a: 1 },
}))
  test(`a refresh token that is ${name} in the reply leaves the stored one in force`, async () => {
    const { refresher, storage, bodies } = await begin(
      json(200, { access_token: NEXT.access_token, refresh_token, expires_in: 60 }),
    );
    await refresher.refresh();
    const { tokens } = await storage.load();
    assert.equal(tokens.refresh_token, LOGIN.refresh_token);
    assert.deepEqual(
      [tokens.scope, tokens.id_token, tokens.principal],
      [LOGIN.scope, LOGIN.id_token, LOGIN.principal],
      "and so are scope, id_token and what else there was",
    );
    await refresher.refresh();
    assert.deepEqual(
      bodies.map(({ refresh_token: sent }) => sent),
      [LOGIN.refresh_token, LOGIN.refresh_token],
    );
  });

for (const given of ["3600", 3600, " 3600 ", "3600.0", 3600.0])
  test(`expires_in ${JSON.stringify(given)} is an hour`, async () => {
    const { refresher } = await begin(json(200, { ...NEXT, expires_in: given }));
    const { expires_at } = await refresher.refresh();
    assert.ok(Math.abs(expires_at - Date.now() / 1000 - 3600) < 1);
  });

for (const given of [0, -1, null, undefined, "soon", "", true, [], 315_360_001, "1e400"])
  test(`expires_in ${JSON.stringify(given)} is no lifetime: the token is used until it is refused`, async () => {
    const { refresher, bodies } = await begin(json(200, { ...NEXT, expires_in: given }), {
      background: "always",
    });
    const { expires_at } = await refresher.refresh();
    assert.equal(expires_at, undefined);
    await time.pass(DAY);
    assert.equal(await refresher.getAccessToken(), NEXT.access_token);
    assert.equal(bodies.length, 1, "no loop");
    await outcomeOf(refresher.getAccessToken({ rejected: NEXT.access_token }));
    assert.equal(bodies.length, 2);
    refresher.close();
  });

test("a form body, a missing token_type and a byte order mark are accepted, and Accept asks for JSON", async () => {
  const { refresher, headers } = await begin([
    form(200, { ...NEXT, expires_in: "60" }),
    text(200, `\ufeff${JSON.stringify({ ...NEXT, access_token: "third.access.token-Mx82" })}`),
  ]);
  const first = await refresher.refresh();
  assert.deepEqual([first.access_token, first.token_type], [NEXT.access_token, "Bearer"]);
  const second = await refresher.refresh();
  assert.equal(second.access_token, "third.access.token-Mx82");
  assert.ok(headers.every((sent) => sent.get("accept") === "application/json"));
});

test("tokens are opaque: one that looks like a JWT is not parsed", async () => {
  const jwt = (claims) => `eyJhbGciOiJub25lIn0.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.`;
  const dead = jwt({ exp: 1, iss: "another-issuer" });
  const { refresher, bodies } = await begin(json(200, { access_token: dead, expires_in: 3600 }));
  assert.equal((await refresher.refresh()).access_token, dead);
  assert.equal(await refresher.getAccessToken(), dead);
  await refresher.setTokens({ access_token: "not.a.jwt", refresh_token: "e30.%%%.x", expires_in: 60 });
  assert.equal(await refresher.getAccessToken(), "not.a.jwt");
  assert.equal(bodies.length, 1);
});

// --- replays of the same refresh token ---------------------------------------------------------------------------------

const granted = json(200, NEXT);
const lost = { "a timeout": hangs, "a lost reply": fails(), "a broken success": breaks };
const broken = { 500: json(500, {}), 502: json(502, {}), 504: json(504, {}), 503: json(503, {}) };
const configuration = [
  "invalid_client",
  "unauthorized_client",
  "unsupported_grant_type",
  "invalid_scope",
  "invalid_dpop_proof",
];
const doubtful = ["invalid_target", "invalid_authorization_details", "teapot"];

/** How often it was sent until the first caller settled, and a day later. */
async function sentFor(answers, options) {
  const { refresher, bodies, storage } = await begin(answers, options);
  const { reason } = await outcomeOf(refresher.getAccessToken());
  assert.ok(bodies.every(({ refresh_token }) => refresh_token === LOGIN.refresh_token));
  const [sent, record] = [bodies.length, await storage.load()];
  await time.pass(DAY);
  refresher.close();
  return { reason, sent, record, aDayLater: bodies.length };
}

for (const code of ["ENOTFOUND", "ECONNREFUSED", "UND_ERR_CONNECT_TIMEOUT"])
  test(`a request that was provably not sent (${code}) is retried with backoff, and the token is unspent`, async () => {
    const again = await sentFor([fails(code), fails(code), granted]);
    assert.deepEqual([again.reason, again.sent], [undefined, 3]);
    const given = await sentFor(fails(code));
    assert.deepEqual([given.sent, given.reason.refreshTokenState], [4, "unspent"]);
    assert.equal(given.record.pending, undefined);
  });

for (const status of [429, 503])
  test(`${status} with Retry-After is asked again after that time`, async () => {
    const later = json(status, {}, { "retry-after": "3" });
    const { reason, sent } = await sentFor([later, granted]);
    assert.deepEqual([reason, sent], [undefined, 2]);
  });

for (const [name, answer] of Object.entries({ ...lost, ...broken }))
  for (const [reuse, sent] of [
    ["never", 1],
    ["always", 2],
    ["until-successor-used", 2],
    [{ graceSeconds: 60 }, 2],
    [{ graceSeconds: 1 }, name === "a timeout" ? 1 : undefined],
  ])
    test(`after ${name} with reuse ${JSON.stringify(reuse)} it is sent ${sent ?? "again only inside the window"}`, async () => {
      const result = await sentFor([answer, granted], { reuse });
      if (sent) assert.equal(result.sent, sent);
      else assert.ok(result.sent <= 2);
      if (reuse === "never") assert.equal(result.aDayLater, 1);
      if (result.sent === 1) {
        assert.equal(result.reason.refreshTokenState, "unknown");
        assert.ok(result.record.pending, "the mark tells the next context");
      }
    });

test("invalid_grant is never sent again", async () => {
  for (const reuse of ["never", "always", "until-successor-used", { graceSeconds: 60 }])
    assert.equal((await sentFor([json(400, { error: "invalid_grant" }), granted], { reuse })).aDayLater, 1);
});

for (const error of configuration)
  test(`${error} is not sent again, and the refresh token is unspent`, async () => {
    const { aDayLater, reason, record } = await sentFor([json(400, { error }), granted], { reuse: "always" });
    assert.deepEqual([aDayLater, reason.refreshTokenState, record.pending], [1, "unspent", undefined]);
  });

for (const error of doubtful)
  test(`${error} is not sent again, and whether the refresh token is spent is unknown`, async () => {
    const { aDayLater, reason, record } = await sentFor([json(400, { error }), granted], { reuse: "always" });
    assert.deepEqual([aDayLater, reason.refreshTokenState], [1, "unknown"]);
    assert.ok(record.pending);
  });

for (const name of [
  "a redirect",
  "an unknown token type",
  "a reply without access_token",
  "a captive portal",
])
  test(`${name} is not retried for the caller, nor in the background with a one-time token`, async () => {
    assert.equal((await sentFor([passing[name][0], granted], { reuse: "always" })).sent, 1);
    assert.equal((await sentFor([passing[name][0], granted])).aDayLater, 1);
  });

test("a requested nonce is sent once", async () => {
  const wanted = json(400, { error: "use_dpop_nonce" }, { "dpop-nonce": "n" });
  assert.equal((await sentFor([wanted, granted])).sent, 2);
  const { sent, reason } = await sentFor(wanted);
  assert.deepEqual([sent, reason.code, reason.refreshTokenState], [2, "client_rejected", "unspent"]);
});

test("a refresh token of unknown state is probed once when the alternative is a new login", async () => {
  const { refresher, bodies } = await begin([fails(), granted]);
  assert.equal((await outcomeOf(refresher.getAccessToken())).reason.code, "outcome_unknown");
  assert.equal((await outcomeOf(refresher.getAccessToken())).value, NEXT.access_token);
  assert.equal(bodies.length, 2);
});

test("a reply that gives the same refresh token back is stored as it is", async () => {
  const { refresher, storage, bodies } = await begin(
    json(200, { access_token: NEXT.access_token, refresh_token: LOGIN.refresh_token }),
  );
  await refresher.refresh();
  const { tokens, pending } = await storage.load();
  assert.deepEqual(
    [tokens.refresh_token, tokens.access_token, pending],
    [LOGIN.refresh_token, NEXT.access_token, undefined],
  );
  await refresher.refresh();
  assert.equal(bodies.length, 2);
});

test("a late first reply after a second attempt is ignored", async () => {
  let late;
  const { refresher, storage, bodies } = await begin(
    [() => new Promise((resolve) => (late = resolve)), granted],
    { reuse: "always" },
  );
  const { value } = await outcomeOf(refresher.getAccessToken());
  late(Response.json({ access_token: "late.access.token-0000", refresh_token: "late.refresh.token-0000" }));
  await time.settle();
  assert.deepEqual([value, bodies.length], [NEXT.access_token, 2]);
  assert.equal((await storage.load()).tokens.refresh_token, NEXT.refresh_token);
});

test("a secret that was rotated is read again at the next attempt and the token kept", async () => {
  let secret = "Kd8-old-Jm1xQ";
  const { refresher, headers } = await begin([json(401, { error: "invalid_client" }), granted], {
    client_secret: () => secret,
  });
  assert.equal((await outcomeOf(refresher.getAccessToken())).reason.code, "client_rejected");
  secret = "Kd8-new-Ws5vB";
  await time.pass(2 * SECOND);
  assert.equal((await outcomeOf(refresher.getAccessToken())).value, NEXT.access_token);
  assert.notEqual(headers[0].get("authorization"), headers[1].get("authorization"));
});

test("a token request of a page uses no cache and no cookies and follows no redirect", async () => {
  const requests = [];
  const fetch = async (url, init) => (requests.push({ url, ...init }), granted());
  const send = async () => {
    const refresher = createRefresher({
      token_endpoint: "https://auth.example/token",
      client_id: "me",
      fetch,
      tokens: LOGIN,
    });
    await refresher.refresh();
    refresher.close();
  };
  globalThis.location = new URL("https://app.example/");
  try {
    await send();
  } finally {
    delete globalThis.location;
  }
  await send();
  const [inPage, elsewhere] = requests;
  const { method, redirect, cache, credentials, referrerPolicy } = inPage;
  assert.deepEqual(
    { method, redirect, cache, credentials, referrerPolicy },
    {
      method: "POST",
      redirect: "manual",
      cache: "no-store",
      credentials: "omit",
      referrerPolicy: "no-referrer",
    },
  );
  assert.deepEqual(
    [elsewhere.redirect, "cache" in elsewhere, "credentials" in elsewhere],
    ["manual", false, false],
  );
});
