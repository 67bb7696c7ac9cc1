// Sign-out with revocation (RFC 7009): which token is revoked, the request, and that a sign-out settles without the server.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { dpop } from "oauth-refresher/dpop";
import { memoryStorage } from "oauth-refresher/storage";
import { virtualTime } from "./virtual-time.mjs";

const LOGIN = {
  access_token: "first.access.token-Wd31",
  refresh_token: "first.refresh.token-Jt77",
  expires_in: 3600,
};
const DONE = () => new Response("no JSON", { status: 200 });

let time;
afterEach(() => (time?.restore(), (time = undefined)));

/** A refresher whose revocation endpoint has these replies in order, and the log of its requests. */
function session(answers, { login, ...options } = {}) {
  const asked = [];
  const script = [answers].flat();
  const refresher = createRefresher({
    token_endpoint: "https://as.example/token",
    revocation_endpoint: "https://as.example/revoke",
    client_id: "me",
    timeoutSeconds: 5,
    fetch: async (url, { method, headers, body }) => {
      asked.push({
        url: String(url),
        method,
        headers: new Headers(headers),
        ...Object.fromEntries(new URLSearchParams(body)),
      });
      return (script.length > 1 ? script.shift() : script[0])();
    },
    ...options,
  });
  return { refresher, asked };
}

test("G8 the refresh token is posted as a form with its hint and the client's authentication", async () => {
  const secret = { client_secret: "gX1fBat3bV" };
  const jwt = ({ parameters }) => parameters.set("client_assertion", "header.claims.signature");
  for (const [options, seen] of [
    [{}, { client_id: "me" }],
    [secret, { authorization: "Basic bWU6Z1gxZkJhdDNiVg==" }],
    [
      { ...secret, clientAuth: "client_secret_post" },
      { client_id: "me", ...secret },
    ],
    [{ clientAuth: jwt }, { client_id: "me", client_assertion: "header.claims.signature" }],
  ]) {
    // the shape of the token request does not apply to the revocation endpoint
    const request = { body: "json", names: { refresh_token: "refreshToken" } };
    const { refresher, asked } = session(DONE, { ...options, request, scope: "read" });
    await refresher.setTokens(LOGIN);
    await refresher.signOut({ revoke: true });
    const [{ url, method, headers, ...form }] = asked;
    assert.deepEqual([asked.length, url, method], [1, "https://as.example/revoke", "POST"]);
    assert.match(headers.get("content-type"), /^application\/x-www-form-urlencoded/);
    const { authorization, ...rest } = seen;
    assert.equal(headers.get("authorization"), authorization ?? null);
    assert.deepEqual(form, { token: LOGIN.refresh_token, token_type_hint: "refresh_token", ...rest });
  }
});

test("G8 the request of RFC 7009 section 2.1 is reproduced byte for byte", async () => {
  const bodies = [];
  const fetch = async (url, { body, headers }) => (bodies.push([body, headers.authorization]), DONE());
  const client = { client_id: "s6BhdRkqt3", client_secret: "gX1fBat3bV" };
  const { refresher } = session(DONE, { ...client, fetch });
  await refresher.setTokens({ refresh_token: "45ghiukldjahdnhzdauz", access_token: "a" });
  await refresher.signOut({ revoke: true });
  const form = "token=45ghiukldjahdnhzdauz&token_type_hint=refresh_token";
  assert.deepEqual(bodies, [[form, "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"]]);
});

test("G8 the revocation endpoint is https or on this machine", () => {
  const options = { token_endpoint: "https://as.example/token", client_id: "me" };
  assert.throws(
    () => createRefresher({ ...options, revocation_endpoint: "http://as.example/revoke" }),
    TypeError,
  );
  createRefresher({ ...options, revocation_endpoint: "http://127.0.0.1:9/revoke" });
});

test("without revoke nothing is sent", async () => {
  const { refresher, asked } = session(DONE);
  await refresher.setTokens(LOGIN);
  await refresher.signOut();
  assert.equal(asked.length, 0);
});

const UNKNOWN = {
  name: "TypeError",
  message: "revocation_endpoint is missing: write its URL, or an issuer that names one. Signed out here only",
};

test("revoke without an endpoint rejects after the tokens are gone here and the event has fired", async () => {
  const storage = memoryStorage();
  const { refresher, asked } = session(DONE, { revocation_endpoint: undefined, storage });
  await refresher.setTokens(LOGIN);
  const heard = [];
  refresher.addEventListener("token-changed", ({ detail }) => heard.push(detail.source));
  await assert.rejects(
    refresher.signOut({ revoke: true }).finally(() => heard.push("settled")),
    UNKNOWN,
  );
  assert.deepEqual(heard, ["sign-out", "settled"]);
  assert.deepEqual([await storage.load(), refresher.tokens, refresher.state], [null, null, "signed-out"]);
  assert.equal(asked.length, 0);
  await assert.rejects(refresher.signOut({ revoke: true }), UNKNOWN, "without a session too");
  await refresher.signOut();
});

test("of two sign-outs at once only the one with revoke rejects without an endpoint", async () => {
  const { refresher } = session(DONE, { revocation_endpoint: undefined });
  await refresher.setTokens(LOGIN);
  const outs = [{ revoke: true }, {}].map((how) => refresher.signOut(how));
  const [first, second] = await Promise.allSettled(outs);
  assert.deepEqual([first.reason.name, first.reason.message], Object.values(UNKNOWN));
  assert.equal(second.status, "fulfilled");
});

test("revoke without an endpoint rejects as the first call of a page too, and nothing stays stored", async () => {
  const storage = memoryStorage();
  const before = session(DONE, { storage });
  await before.refresher.setTokens(LOGIN);
  const { refresher } = session(DONE, { revocation_endpoint: undefined, storage });
  await assert.rejects(refresher.signOut({ revoke: true }), UNKNOWN);
  assert.equal(await storage.load(), null);
});

test("a name that signOut does not know signs out of nothing", async () => {
  const { refresher } = session(DONE);
  await refresher.setTokens(LOGIN);
  await assert.rejects(refresher.signOut({ revok: true }), /revok is no option: write one of revoke/);
  await assert.rejects(refresher.signOut({ revoke: "yes" }), /revoke must be true or false/);
  assert.equal(refresher.state, "active");
});

const ANSWERS = {
  "G9 a 200 whose body is no JSON": DONE,
  "G9 a 200 for a token that it does not know": () => new Response(null, { status: 200 }),
  "G10 unsupported_token_type": () => Response.json({ error: "unsupported_token_type" }, { status: 400 }),
  "G10 a 503 without a time": () => new Response(null, { status: 503 }),
  "G10 a 503 with a very late time": () =>
    new Response(null, { status: 503, headers: { "retry-after": "3600" } }),
  "a redirect": () => Response.redirect("https://elsewhere.example/revoke", 307),
  "no network": () => Promise.reject(new TypeError("fetch failed")),
};
for (const [name, answer] of Object.entries(ANSWERS))
  test(`after ${name} the sign-out settles, and the token is never used again`, async () => {
    const storage = memoryStorage();
    const { refresher, asked } = session(answer, { storage });
    await refresher.setTokens(LOGIN);
    await refresher.signOut({ revoke: true });
    assert.deepEqual([await storage.load(), refresher.tokens, refresher.state], [null, null, "signed-out"]);
    await assert.rejects(refresher.getAccessToken(), { code: "signed_out" });
    assert.equal(asked.length, 1);
  });

for (const [name, retryAfter, waitMs] of [
  ["seconds", () => "2", 2000],
  ["a date", () => new Date(Date.now() + 3000).toUTCString(), 3000],
])
  test(`G10 a busy server that sends ${name} is asked once more at that time`, async () => {
    time = virtualTime();
    const busy = () => new Response(null, { status: 503, headers: { "retry-after": retryAfter() } });
    const { refresher, asked } = session(busy);
    await refresher.setTokens(LOGIN);
    let done = false;
    refresher.signOut({ revoke: true }).then(() => (done = true));
    await time.settle();
    assert.deepEqual([asked.length, refresher.state], [1, "signed-out"], "the session is over at once");
    await time.pass(waitMs - 1100);
    assert.equal(asked.length, 1);
    await time.pass(1200);
    assert.deepEqual([asked.length, done], [2, true]);
    assert.equal(asked[1].token, LOGIN.refresh_token);
    await time.pass(60_000);
    assert.equal(asked.length, 2, "once");
  });

test("a session without a refresh token revokes its access token", async () => {
  const { refresher, asked } = session(DONE);
  await refresher.setTokens({ access_token: LOGIN.access_token, expires_in: 3600 });
  await refresher.signOut({ revoke: true });
  assert.deepEqual(
    asked.map(({ token }) => token),
    [LOGIN.access_token],
  );
});

test("a page whose first call is a revoking sign out revokes what is stored", async () => {
  const storage = memoryStorage();
  const before = session(DONE, { storage });
  await before.refresher.setTokens(LOGIN);
  before.refresher.close();
  const tokens = { refresh_token: "older.refresh.token-Pp10" };
  const { refresher, asked } = session(DONE, { storage, tokens });
  await refresher.signOut({ revoke: true });
  assert.deepEqual(
    asked.map(({ token }) => token),
    [LOGIN.refresh_token],
  );
  assert.equal(await storage.load(), null);
});

test("a revoking sign out before anything else revokes the tokens of the options if nothing is stored", async () => {
  const tokens = { refresh_token: "a.refresh.token.of.the.options-Yc24" };
  const { refresher, asked } = session(DONE, { tokens });
  await refresher.signOut({ revoke: true });
  assert.deepEqual(
    asked.map(({ token }) => token),
    [tokens.refresh_token],
  );
  await assert.rejects(refresher.getAccessToken(), { code: "signed_out" });
});

test("a revoking sign-out right after a login revokes the token of that login", async () => {
  const { refresher, asked } = session(DONE);
  const login = refresher.setTokens(LOGIN);
  const out = refresher.signOut({ revoke: true });
  await assert.rejects(login, { code: "signed_out" });
  await out;
  assert.ok(asked.length > 0 && asked.every(({ token }) => token === LOGIN.refresh_token));
});

test("a server that refuses a revocation without a proof gets one and the nonce it wants", async () => {
  const refused =
    (error, headers, status = 400) =>
    () =>
      Response.json({ error }, { status, headers });
  for (const [answer, nonce] of [
    [refused("invalid_dpop_proof")],
    [refused("invalid_dpop_proof", {}, 401)],
    [refused("use_dpop_nonce", { "dpop-nonce": "n-4Kd9_Qx" }), "n-4Kd9_Qx"],
  ]) {
    const { refresher, asked } = session([answer, DONE], { dpop: dpop() });
    await refresher.setTokens(LOGIN);
    await refresher.signOut({ revoke: true });
    assert.deepEqual(
      asked.map(({ headers }) => headers.has("dpop")),
      [false, true],
    );
    const [, claims] = asked[1].headers.get("dpop").split(".");
    const { htm, htu, nonce: sent, ath } = JSON.parse(Buffer.from(claims, "base64url"));
    assert.deepEqual([htm, htu, sent, ath], ["POST", "https://as.example/revoke", nonce, undefined]);
  }
});
