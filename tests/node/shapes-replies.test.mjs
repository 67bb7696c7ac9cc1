// ResponseShape, option by option (R1 to R11): replies that differ from RFC 6749, at a login and at a refresh, and the refresh token
// that is sent next.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  ACCESS,
  FIRST,
  NEXT,
  NOW,
  asks,
  bare,
  form,
  fresh,
  strictServer,
  strictSession,
  text,
  without,
} from "./strict.mjs";

let server;
before(async () => (server = await strictServer()));
after(() => server.close());

const session = (options) => strictSession(server, { tokens: { refresh_token: FIRST }, ...options });

/** A reply in some shape and the expected tokens. `lives`: seconds, or null if unknown. `next`: the refresh token of the next request. */
const TOKENS = {
  "R1 JSON under a wrong content type": { reply: text(JSON.stringify(bare), "text/html") },
  "R1 JSON behind a byte order mark": { reply: text(`\ufeff ${JSON.stringify(bare)}\n`) },
  "R1 a form, whatever it says it is": { reply: form(bare) },
  "R1 a form labelled as JSON": { reply: { ...form(bare), type: "application/json" } },
  "R1 a form, and nothing else": { response: { format: "form" }, reply: form(bare) },
  "R1 the access token alone, as JSON": {
    response: { format: "string" },
    reply: text(`"${ACCESS}"`),
    lives: null,
    next: FIRST,
  },
  "R1 the access token alone, as text": {
    response: { format: "string" },
    reply: text(`${ACCESS}\n`),
    lives: null,
    next: FIRST,
  },
  "R2 a refresh token that the shape ignores": {
    response: { names: { refresh_token: null } },
    reply: bare,
    next: FIRST,
  },
  "R2 zero for an error": { reply: { ...bare, error: 0 } },
  "R2 zero for an error's code": { response: { error: "errcode" }, reply: { ...bare, errcode: 0 } },
  "R5 expires_at in milliseconds": {
    reply: () => ({ ...without("expires_in"), expires_at: Date.now() + 3_600_000 }),
  },
  "R5 expires_at as ISO text": {
    reply: () => ({ ...without("expires_in"), expires_at: new Date(Date.now() + 3_600_000).toISOString() }),
  },
  "R2 another status of success": { response: { successStatus: [201] }, reply: { status: 201, body: bare } },
  "R2 no refresh token": { reply: without("refresh_token"), next: FIRST },
  "R2 null for a refresh token": { reply: { ...bare, refresh_token: null }, next: FIRST },
  "R2 an empty refresh token": { reply: { ...bare, refresh_token: "" }, next: FIRST },
  "R2 a number for a refresh token": { reply: { ...bare, refresh_token: 5 }, next: FIRST },
  "R2 null for everything that may be left out": {
    reply: {
      access_token: ACCESS,
      token_type: null,
      expires_in: null,
      scope: null,
      id_token: null,
      refresh_token: null,
    },
    lives: null,
    next: FIRST,
  },
  "R3 members in a member": { response: { root: "data" }, reply: { code: 0, data: bare } },
  "R3 members deeper down, and in a list": {
    response: { root: "result.tokens.1" },
    reply: { result: { tokens: [{}, bare] } },
  },
  "R3 a refresh that brings plainly what the login nests": { response: { root: "data" }, reply: bare },
  "R4 other names": {
    response: {
      names: { access_token: "accessToken", refresh_token: "refreshToken", expires_in: "expireIn" },
    },
    reply: { accessToken: ACCESS, refreshToken: NEXT, expireIn: 3600, corpId: "c" },
    has: { corpId: "c", accessToken: undefined, refreshToken: undefined, expireIn: undefined },
  },
  "R4 other names deeper down, and none of them a leak": {
    response: { names: { access_token: "token.value", refresh_token: "token.renewal.value" } },
    reply: { token: { value: ACCESS, renewal: { value: NEXT } }, expires_in: 3600, shop: "s" },
    has: { shop: "s", token: undefined },
  },
  "R4 a name with a dot in it": {
    response: { names: { access_token: "access.token" } },
    reply: { ...without("access_token"), "access.token": ACCESS },
  },
  "R4 what else the server says is kept untouched": {
    reply: { ...bare, principal: "ada", instance_url: "https://eu.example", user: { id: 7, tags: ["a"] } },
    has: { principal: "ada", instance_url: "https://eu.example", user: { id: 7, tags: ["a"] } },
  },
  "R4 names of a prototype cannot get in": {
    response: { names: { shop: "constructor" } },
    reply: text(
      `{"access_token":"${ACCESS}","refresh_token":"${NEXT}","expires_in":3600,"__proto__":{"x":1},"constructor":"c","prototype":1}`,
    ),
    has: { shop: "c", x: undefined },
  },
  "R5 seconds as a number with a fraction": { reply: text(JSON.stringify(bare).replace("3600", "3600.0")) },
  "R5 seconds as a string": { reply: { ...bare, expires_in: "3600" } },
  "R5 seconds as a string with spaces": { reply: { ...bare, expires_in: " 3600 " } },
  "R5 no lifetime": { reply: without("expires_in"), lives: null },
  "R5 a lifetime of null": { reply: { ...bare, expires_in: null }, lives: null },
  "R5 a lifetime of 0": { reply: { ...bare, expires_in: 0 }, lives: null },
  "R5 a negative lifetime": { reply: { ...bare, expires_in: -3600 }, lives: null },
  "R5 a lifetime that is no number": { reply: { ...bare, expires_in: "soon" }, lives: null },
  "R5 a lifetime beyond all reason": { reply: { ...bare, expires_in: 1e15 }, lives: null },
  "R5 a default where the server says nothing": {
    response: { expiry: { in: "seconds", defaultSeconds: 7200 } },
    reply: without("expires_in"),
    lives: 7200,
  },
  "R5 a default where the server says nonsense": {
    response: { expiry: { in: "seconds", defaultSeconds: 7200 } },
    reply: { ...bare, expires_in: 0 },
    lives: 7200,
  },
  "R5 a lifetime in spite of the default": {
    response: { expiry: { in: "seconds", defaultSeconds: 7200 } },
    reply: bare,
  },
  "R5 milliseconds": {
    response: { expiry: { in: "milliseconds" } },
    reply: { ...bare, expires_in: 3_600_000 },
  },
  "R5 seconds of another name, deeper down": {
    response: { expiry: { in: "seconds", name: "life.time" } },
    reply: { ...without("expires_in"), life: { time: 3600 } },
  },
  "R5 Unix seconds": {
    response: { expiry: { in: "unix_seconds", name: "until" } },
    reply: () => ({ ...without("expires_in"), until: NOW() + 3600 }),
  },
  "R5 Unix milliseconds as a string": {
    response: { expiry: { in: "unix_milliseconds", name: "until" } },
    reply: () => ({ ...without("expires_in"), until: String(Date.now() + 3_600_000) }),
  },
  "R5 an ISO date": {
    response: { expiry: { in: "iso8601", name: "expires_at" } },
    reply: () => ({ ...without("expires_in"), expires_at: new Date(Date.now() + 3_600_000).toISOString() }),
  },
  "R5 the lifetime counts where a date stands beside it": {
    reply: () => ({ ...bare, expires_at: NOW() + 99 }),
  },
  "R6 no token type": { reply: without("token_type") },
  "R6 a token type in capitals": { reply: { ...bare, token_type: "BEARER" } },
  "R6 a token type that only this server knows": {
    response: { tokenTypes: { bot: "Bearer" } },
    reply: { ...bare, token_type: "bot" },
  },
  "R7 a success that looks like an error, and is none": {
    response: { errorWhen: [{ path: "errcode", isNot: 0 }] },
    reply: { ...bare, errcode: 0, error: "" },
  },
  "R7 a success sign in a form is text": {
    response: {
      errorWhen: [
        { path: "ok", is: false },
        { path: "code", isNot: 0 },
      ],
    },
    reply: form({ ...bare, ok: true, code: 0 }),
  },
  "R9 a list of scopes": {
    reply: { ...bare, scope: ["read", "write:all"] },
    has: { scope: "read write:all" },
  },
  "R9 scopes with commas": {
    response: { scopeSeparator: "," },
    reply: { ...bare, scope: "read,write:all" },
    has: { scope: "read write:all" },
  },
  "R9 a comma is part of a scope unless the shape says otherwise": {
    reply: { ...bare, scope: "a,b c" },
    has: { scope: "a,b c" },
  },
  "R9 a scope that is neither text nor list": {
    reply: { ...bare, scope: { read: true } },
    has: { scope: undefined },
  },
  "R11 an extension without tokens": {
    tokens: { access_token: ACCESS, refresh_token: FIRST, token_type: "Bearer", expires_at: 1, open_id: "o" },
    response: {
      extendedWhen: [{ path: "result", is: "0000" }],
      errorWhen: [{ path: "result", isNot: "0000" }],
      expiry: { in: "seconds", defaultSeconds: 2_592_000 },
    },
    reply: { result: "0000", message: "OK" },
    lives: 2_592_000,
    next: FIRST,
    has: { open_id: "o" },
  },
};

for (const [title, { tokens, response, reply, lives = 3600, next = NEXT, has = {} }] of Object.entries(
  TOKENS,
))
  test(title, async () => {
    server.expect({ request: asks(FIRST), reply: typeof reply == "function" ? reply() : reply });
    const { refresher } = session({ response, ...(tokens && { tokens }) });
    const found = await refresher.getTokens().catch((error) => error);
    server.check();
    assert.equal(found.access_token, ACCESS);
    assert.equal(found.token_type, "Bearer");
    if (lives === null) assert.ok(!("expires_at" in found));
    else assert.ok(Math.abs(found.expires_at - NOW() - lives) < 10, `${found.expires_at - NOW()}`);
    assert.ok(!("refresh_token" in found) && !JSON.stringify(found).includes(NEXT));
    for (const name in has) assert.deepEqual(found[name], has[name], name);

    server.expect({
      request: asks(next),
      reply: response?.successStatus ? { status: 201, body: fresh() } : fresh(),
    });
    if (response?.format != "string" && response?.format != "form" && !response?.names)
      assert.equal((await refresher.refresh()).access_token, "A.5Tz9-that-is-fresh");
    else await refresher.refresh().catch(() => {});
    server.check();
    refresher.close();
  });

test("B9 tokens of 64 KiB are tokens", async () => {
  const long = "r".repeat(1 << 16);
  server.expect(
    { request: asks(FIRST), reply: { ...bare, access_token: "a".repeat(1 << 16), refresh_token: long } },
    { request: asks(long), reply: bare },
  );
  const { refresher } = session();
  assert.equal((await refresher.getAccessToken()).length, 1 << 16);
  assert.equal((await refresher.refresh()).access_token, ACCESS);
  server.check();
  refresher.close();
});
