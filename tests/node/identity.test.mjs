// OpenID Connect Core section 12.2: the id_token of a refresh belongs to the session's person, or nothing of the reply is kept.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";
import { leak, record, shown, until } from "./session.mjs";

const DAY = 86_400;
const ISSUED = Math.floor(Date.now() / 1000) - 3600;
const ORIGINAL = {
  iss: "https://as.example",
  sub: "ada",
  aud: "me",
  nonce: "n-0S6_WzA2Mj",
  auth_time: ISSUED,
  azp: "me",
  iat: ISSUED,
  exp: ISSUED + 3600,
};
const NOW = { iat: ISSUED + 3600, exp: ISSUED + 7200 };
const LOGIN = { access_token: "first.access.token-7Hq2", refresh_token: "first.refresh.token-5Vn8" };
const NEXT = { access_token: "second.access.token-Rk49", refresh_token: "second.refresh.token-Mc63" };

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const idToken = (claims) => `${base64url({ alg: "ES256" })}.${base64url(claims)}.c2lnbmF0dXJl`;

/** A session with the stored claims, and a server that answers a refresh with the others. `undefined`: no id_token. */
async function begin(stored, brought, { date, headers, ...options } = {}) {
  const requests = [];
  const storage = memoryStorage();
  const refresher = createRefresher({
    token_endpoint: "https://as.example/token",
    revocation_endpoint: "https://as.example/revoke",
    client_id: "me",
    storage,
    fetch: async (url, { body }) => {
      requests.push({ url, ...Object.fromEntries(new URLSearchParams(body)) });
      if (url.endsWith("revoke")) return new Response();
      const reply = { ...NEXT, token_type: "Bearer", expires_in: 3600, id_token: written(brought) };
      return Response.json(reply, { headers: date && { date: new Date(date * 1000).toUTCString() } });
    },
    ...options,
  });
  const events = record(refresher);
  await refresher.setTokens({ ...LOGIN, expires_at: 1, id_token: written(stored) });
  return { refresher, storage, events, requests };
}

const written = (claims) => (typeof claims == "object" ? idToken(claims) : claims);

async function isRefused({ refresher, storage }) {
  const error = await refresher.getTokens().then(
    () => null,
    (reason) => reason,
  );
  if (!error) return false;
  assert.equal(error.code, "identity_mismatch");
  assert.equal(await storage.load(), null);
  return true;
}

const OTHERS = {
  "H3 another iss": { iss: "https://as.example/" },
  "H3 no iss": { iss: undefined },
  "H4 another sub": { sub: "bob" },
  "H4 no sub": { sub: undefined },
  "H4 a number for sub": { sub: 7 },
  "H4 sub in a list": { sub: ["ada"] },
  "H4 an empty sub": { sub: "" },
  "H5 another aud": { aud: "you" },
  "H5 others in aud": { aud: ["you", "them"] },
  "H5 an empty aud": { aud: [] },
  "H6 another auth_time": { auth_time: ISSUED + 60 },
  "H6 no iat": { iat: undefined },
  "H7 another nonce": { nonce: "n-1T7_XaB3Nk" },
  "H8 another azp": { azp: "you" },
  "H10 an end before its beginning": { exp: NOW.iat },
};
for (const [name, claims] of Object.entries(OTHERS))
  test(`an id_token with ${name} ends the session, and nothing of its reply is stored`, async () => {
    const [claim] = Object.keys(claims);
    const identityCheck = /iss|sub|aud/.test(claim) ? undefined : "strict";
    const brought = { ...ORIGINAL, ...NOW, ...claims };
    const { refresher, storage, events, requests } = await begin(ORIGINAL, brought, { identityCheck });
    const error = await refresher.getTokens().catch((reason) => reason);
    assert.deepEqual(
      { ...error },
      {
        code: "identity_mismatch",
        error_description: `another ${claim}`,
        sessionEnded: true,
        loginRequired: true,
        retryable: false,
        refreshTokenState: "spent",
      },
    );
    assert.equal(
      error.message,
      `The new id_token names another person: nothing was stored (another ${claim})`,
    );
    assert.equal(await storage.load(), null);
    assert.equal(refresher.tokens, null);
    assert.equal(refresher.state, "session-ended");
    await until(() => requests.length == 3);
    assert.deepEqual(events.types(), ["token-changed login", "token-changed session-ended", "session-ended"]);
    assert.deepEqual(
      requests.slice(1).map(({ url, token }) => [url, token]),
      [NEXT.refresh_token, NEXT.access_token].map((token) => ["https://as.example/revoke", token]),
    );
    // later callers are told to log in, and nothing is sent
    await assert.rejects(refresher.getTokens(), { code: "session_ended", sessionEnded: true });
    assert.equal(requests.length, 3);
    const secrets = [
      ...Object.values(LOGIN),
      ...Object.values(NEXT),
      base64url({ ...ORIGINAL, ...NOW, ...claims }),
    ];
    assert.equal(leak(shown([error, events.slice(1)]), secrets), undefined);
  });

const SAME = {
  "another auth_time": { auth_time: ISSUED + 60 },
  "another nonce": { nonce: "n-1T7_XaB3Nk" },
  "another azp": { azp: "you" },
  "no iat": { iat: undefined },
  "an end long ago": { iat: 1_000_000_000, exp: 1_000_003_600 },
  "all claims as they were": {},
  "H5 aud as a list": { aud: ["me"] },
  "H5 one more aud": { aud: ["you", "me"] },
  "H6 no auth_time": { auth_time: undefined },
  "H7 no nonce": { nonce: undefined },
  "H8 no azp": { azp: undefined },
  "further claims": { email: "ada@example.com", at_hash: "x" },
};
for (const [name, claims] of Object.entries(SAME))
  test(`an id_token with ${name} replaces the stored one`, async () => {
    const { refresher, storage } = await begin(ORIGINAL, { ...ORIGINAL, ...NOW, ...claims });
    const { access_token, id_token } = await refresher.getTokens();
    assert.equal(access_token, NEXT.access_token);
    assert.equal(id_token, idToken({ ...ORIGINAL, ...NOW, ...claims }));
    assert.equal((await storage.load()).tokens.id_token, id_token);
  });

test("H5 identityCheck strict asks for the same set in aud; by default it is enough that it includes the stored one or the client", async () => {
  for (const [stored, brought, bySubject, byStrict] of [
    [["me", "api"], ["api", "me"], false, false],
    [["me", "api"], ["me", "api", "more"], false, true],
    [["me", "api"], "me", false, true],
    [["me", "api"], "api", true, true],
    ["web", ["web", "native"], false, true],
    ["web", "native", true, true],
  ])
    for (const [identityCheck, refused] of [
      ["subject", bySubject],
      ["strict", byStrict],
    ]) {
      const session = await begin(
        { ...ORIGINAL, aud: stored },
        { ...ORIGINAL, ...NOW, aud: brought },
        { identityCheck },
      );
      assert.equal(await isRefused(session), refused, `${identityCheck}: ${stored} ${brought}`);
    }
});

test("Google's issuer is the same with https:// and without", async () => {
  for (const [stored, brought, refused] of [
    ["https://accounts.google.com", "accounts.google.com", false],
    ["accounts.google.com", "https://accounts.google.com", false],
    ["accounts.google.com", "http://accounts.google.com", true],
  ])
    assert.equal(
      await isRefused(await begin({ ...ORIGINAL, iss: stored }, { ...ORIGINAL, ...NOW, iss: brought })),
      refused,
      `${stored} ${brought}`,
    );
});

test("identityCheck off compares nothing", async () => {
  const brought = { ...ORIGINAL, ...NOW, sub: "bob" };
  assert.ok(!(await isRefused(await begin(ORIGINAL, brought, { identityCheck: "off" }))));
  assert.ok(await isRefused(await begin(ORIGINAL, brought, { identityCheck: "subject" })));
  assert.throws(() => createRefresher({ token_endpoint: "https://as.example/t", identityCheck: "none" }), {
    name: "TypeError",
    message: /identityCheck must be subject or strict or off/,
  });
});

test("H2 a reply without an id_token keeps the stored one", async () => {
  const { refresher } = await begin(ORIGINAL, undefined);
  const { access_token, id_token } = await refresher.getTokens();
  assert.deepEqual([access_token, id_token], [NEXT.access_token, idToken(ORIGINAL)]);
});

test("without a stored id_token there is nothing to compare", async () => {
  const { refresher } = await begin(undefined, { ...ORIGINAL, sub: "another-subject" });
  assert.equal((await refresher.getTokens()).access_token, NEXT.access_token);
});

test("H9 the signature is not checked, and an encrypted id_token is not read", async () => {
  const unsigned = idToken({ ...ORIGINAL, ...NOW }).replace(/[^.]*$/, "");
  assert.ok(!(await isRefused(await begin(ORIGINAL, unsigned))));
  assert.ok(!(await isRefused(await begin("a.b.c.d.e", "v.w.x.y.z"))));
});

test("an unreadable id_token is a mismatch", async () => {
  for (const brought of ["opaque", "a.b.c.d.e", "a.bnVsbA.c", "a.!.c"])
    assert.ok(await isRefused(await begin(ORIGINAL, brought)), brought);
});

test("H10 an id_token of another client is refused although the stored one was too", async () => {
  const foreign = { ...ORIGINAL, aud: "you", azp: "you" };
  const brought = { ...foreign, ...NOW };
  assert.ok(await isRefused(await begin(foreign, brought, { identityCheck: "strict" })));
  assert.ok(!(await isRefused(await begin(foreign, brought))));
});

test("H10 the expiry of an id_token is judged by the server's clock", async () => {
  const strict = (brought, options) => begin(ORIGINAL, brought, { ...options, identityCheck: "strict" });
  const over = { ...ORIGINAL, ...NOW };
  const [soon, late] = [over.exp + 200, over.exp + 400];
  assert.ok(!(await isRefused(await strict(over, { date: soon }))), "five minutes of tolerance");
  assert.ok(await isRefused(await strict(over, { date: late })));
  // CORS hides the server's clock: two days, because the local clock may be a day wrong
  const aged = (days) => ({ ...ORIGINAL, iat: ISSUED - days * DAY, exp: ISSUED + 60 - days * DAY });
  assert.ok(!(await isRefused(await strict(aged(1)))));
  assert.ok(await isRefused(await strict(aged(3))));
});

test("the stored id_token is accepted again, however old it is", async () => {
  const old = { ...ORIGINAL, iat: 1_000_000_000, exp: 1_000_003_600 };
  assert.ok(!(await isRefused(await begin(old, old, { date: ISSUED }))));
});

test("a login may change the identity, and the next refresh is compared with it", async () => {
  const bob = { ...ORIGINAL, sub: "bob", nonce: "n-2U8_YbC4Pl", auth_time: ISSUED + 5 };
  const { refresher } = await begin(ORIGINAL, { ...bob, ...NOW });
  await refresher.setTokens({ ...LOGIN, expires_at: 1, id_token: idToken(bob) });
  assert.equal((await refresher.getTokens()).access_token, NEXT.access_token);
});

test("a record with another person's refresh token is detected at its first refresh", async () => {
  const { refresher, storage } = await begin(ORIGINAL, { ...ORIGINAL, ...NOW, sub: "bob" });
  const theirs = await storage.load();
  await storage.save({ ...theirs, generation: theirs.generation + 1 }, theirs.generation);
  assert.ok(await isRefused({ refresher, storage }));
});

test("a mismatch ends the session also without a revocation endpoint or with one that fails", async () => {
  const brought = { ...ORIGINAL, ...NOW, sub: "bob" };
  assert.ok(await isRefused(await begin(ORIGINAL, brought, { revocation_endpoint: undefined })));
  const fetch = async (url) => {
    if (url.endsWith("revoke")) throw new TypeError("fetch failed");
    return Response.json({ ...NEXT, token_type: "Bearer", id_token: idToken(brought) });
  };
  assert.ok(await isRefused(await begin(ORIGINAL, brought, { fetch })));
});

test("an unknown token_type with another person's id_token keeps no refresh token", async () => {
  const fetch = async () =>
    Response.json({ ...NEXT, token_type: "mac", id_token: idToken({ ...ORIGINAL, ...NOW, sub: "bob" }) });
  assert.ok(await isRefused(await begin(ORIGINAL, ORIGINAL, { fetch })));
});
