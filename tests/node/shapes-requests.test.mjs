// RequestShape, option by option (K1 to K13): the packed package against a server that refuses every undescribed byte.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { dpop } from "oauth-refresher/dpop";
import {
  basic,
  FORM,
  fresh,
  IN_FORM,
  IN_PATH,
  JSON_BODY,
  NO_BODY,
  strictServer,
  strictSession,
} from "./strict.mjs";

const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const me = { client_id: "app:1", client_secret: "s3cr3t +/=é" };
const GRANT = `grant_type=refresh_token&refresh_token=${IN_FORM}`;

let server;
before(async () => (server = await strictServer()));
after(() => server.close());

/** Options, and the expected request. */
const ROWS = {
  "K1 a template in the endpoint is filled, its own query stays, and so do further parameters": {
    options: {
      path: "/{tenant}/token?v=2",
      client_id: "me",
      parameters: { tenant: "a/b c" },
      request: { place: { tenant: "path" } },
    },
    request: { url: "/a%2Fb%20c/token?v=2", body: `${GRANT}&client_id=me` },
  },
  "K1 a refresh token in the path": {
    options: {
      path: "/v1.0/token/{refresh_token}",
      request: { method: "GET", names: { grant_type: null }, place: { refresh_token: "path" } },
    },
    request: { method: "GET", url: `/v1.0/token/${IN_PATH}`, headers: NO_BODY, body: "" },
  },
  "K2 another method": {
    options: { client_id: "me", request: { method: "PATCH" } },
    request: { method: "PATCH", body: `${GRANT}&client_id=me` },
  },
  "K2 a GET has no body: its parameters are the query": {
    options: { client_id: "me", path: "/token?v=2", request: { method: "GET" } },
    request: { method: "GET", url: `/token?v=2&${GRANT}&client_id=me`, headers: NO_BODY, body: "" },
  },
  "K3 one JSON object, whatever characters its values have": {
    options: { ...me, clientAuth: "client_secret_post", request: { body: "json" } },
    request: ({ method, headers, body }) => {
      assert.deepEqual([method, headers], ["POST", JSON_BODY]);
      const refresh_token = "R.6Hw3-of-this/+ é";
      assert.deepEqual(JSON.parse(body), { grant_type: "refresh_token", refresh_token, ...me });
    },
  },
  "K3 JSON in a JSON body is not quoted again, and several resources are one list": {
    options: {
      parameters: { short_lived: "true", scopes: '["A","B"]', note: "1" },
      resource: ["https://a.example/", "https://b.example/"],
      request: { body: "json", names: { grant_type: null }, check: { short_lived: "json", scopes: "json" } },
    },
    request: {
      headers: JSON_BODY,
      body: '{"refresh_token":"R.6Hw3-of-this/+ é","resource":["https://a.example/","https://b.example/"],"short_lived":true,"scopes":["A","B"],"note":"1"}',
    },
  },
  "K3 the refresh token alone, as a JSON string": {
    options: { client_id: "me", request: { method: "PATCH", body: "string" } },
    request: { method: "PATCH", headers: JSON_BODY, body: '"R.6Hw3-of-this/+ é"' },
  },
  "K3 everything in the query, and one parameter in the body": {
    options: {
      client_id: "me",
      request: { place: { grant_type: "query", client_id: "header" }, names: { client_id: "X-Client" } },
    },
    request: {
      url: "/token?grant_type=refresh_token",
      headers: { ...FORM, "x-client": "me" },
      body: `refresh_token=${IN_FORM}`,
    },
  },
  "K3 no body at all": {
    options: { request: { body: "none", place: { refresh_token: "query" } } },
    request: { url: `/token?refresh_token=${IN_FORM}`, headers: NO_BODY, body: "" },
  },
  "K4 no client authentication": { options: {}, request: { body: GRANT } },
  "K4 client_secret_post": {
    options: { ...me, clientAuth: "client_secret_post" },
    request: { body: `${GRANT}&client_id=app%3A1&client_secret=s3cr3t+%2B%2F%3D%C3%A9` },
  },
  "K4 the secret is in the query only where the shape puts it": {
    options: { ...me, clientAuth: "client_secret_post", request: { place: { client_secret: "query" } } },
    request: { url: "/token?client_secret=s3cr3t+%2B%2F%3D%C3%A9", body: `${GRANT}&client_id=app%3A1` },
  },
  "K4 a bearer token of another call, asked for each time": {
    options: { headers: { authorization: async () => "Bearer app-access-token" } },
    request: { headers: { ...FORM, authorization: "Bearer app-access-token" }, body: GRANT },
  },
  "K5 Basic form-encodes both halves (RFC 6749 §2.3.1)": {
    options: me,
    request: { headers: { ...FORM, authorization: basic("app%3A1:s3cr3t+%2B%2F%3D%C3%A9") }, body: GRANT },
  },
  "K5 Basic percent-encodes them": {
    options: { ...me, basicEncoding: "percent" },
    request: { headers: { ...FORM, authorization: basic("app%3A1:s3cr3t%20%2B%2F%3D%C3%A9") }, body: GRANT },
  },
  "K5 Basic leaves them as they are": {
    options: { client_id: "app", client_secret: "3naO+9I9TGEQ==", basicEncoding: "raw" },
    request: { headers: { ...FORM, authorization: basic("app:3naO+9I9TGEQ==") }, body: GRANT },
  },
  "K5 the secret is the user name, and the password is empty": {
    options: { client_secret: "sk_test", request: { basic: { username: "client_secret", password: "" } } },
    request: { headers: { ...FORM, authorization: basic("sk_test:") }, body: GRANT },
  },
  "K5 the password is empty, the user name its default, and no secret is needed": {
    options: { client_id: "app", clientAuth: "client_secret_basic", request: { basic: { password: "" } } },
    request: { headers: { ...FORM, authorization: basic("app:") }, body: GRANT },
  },
  "K5 the user name is the secret, and the password its default": {
    options: { client_secret: "sk_test", request: { basic: { username: "client_secret" } } },
    request: { headers: { ...FORM, authorization: basic("sk_test:sk_test") }, body: GRANT },
  },
  "K6 renamed and left out": {
    options: {
      client_id: "me",
      request: { names: { client_id: "client_key", refresh_token: "refreshToken", grant_type: null } },
    },
    request: { body: `refreshToken=${IN_FORM}&client_key=me` },
  },
  "K7 another grant type under another name": {
    options: { request: { grant_type: "refresh", names: { grant_type: "type" } } },
    request: { body: `type=refresh&refresh_token=${IN_FORM}` },
  },
  "K8 further parameters: fixed, asked for, and made anew for each request": {
    options: {
      parameters: { redirect_uri: "https://app.example/cb", when: () => "now" },
      request: { templates: { nonce: "{uuid}", stamp: "t{unix_seconds}.{unix_milliseconds}" } },
    },
    request: ({ body }) => {
      const { nonce, stamp, ...others } = Object.fromEntries(new URLSearchParams(body));
      assert.match(nonce, UUID);
      const [, seconds, millis] = /^t(\d+)\.(\d+)$/.exec(stamp);
      assert.ok(Math.abs(Date.now() - millis) < 10_000 && Math.abs(Date.now() / 1000 - seconds) < 10);
      assert.deepEqual(others, {
        grant_type: "refresh_token",
        refresh_token: "R.6Hw3-of-this/+ é",
        redirect_uri: "https://app.example/cb",
        when: "now",
      });
    },
  },
  "K8 what the server said at the login": {
    options: {
      tokens: {
        refresh_token: "R.6Hw3-of-this/+ é",
        access_token: "old",
        expires_at: 1,
        installation: { id: 4711 },
        instance: "eu1",
      },
      request: {
        templates: { installation_id: "{installation.id}", "X-Instance": "https://{instance}.example" },
        place: { "X-Instance": "header" },
      },
    },
    request: {
      headers: { ...FORM, "x-instance": "https://eu1.example" },
      body: `${GRANT}&installation_id=4711`,
    },
  },
  "K9 headers of the user's own, over those of the package": {
    options: {
      headers: { partnerId: "-7", Accept: "application/vnd.x+json", "x-api-key": () => "key" },
      request: { check: { partnerId: "int32" } },
    },
    request: {
      headers: { ...FORM, partnerid: "-7", accept: "application/vnd.x+json", "x-api-key": "key" },
      body: GRANT,
    },
  },
  "K9 a correlation id in a header": {
    options: { request: { templates: { "X-Correlation": "{uuid}" }, place: { "X-Correlation": "header" } } },
    request: ({ headers, body }) => {
      assert.match(headers["x-correlation"], UUID);
      assert.equal(body, GRANT);
    },
  },
  "K10 the scope is sent if it is given, with the server's separator": {
    options: { scope: "read write", request: { scopeSeparator: "," } },
    request: { body: `${GRANT}&scope=read%2Cwrite` },
  },
  "K11 resources repeat, the audience and RFC 9396 details do not": {
    options: {
      resource: ["https://a.example/", "https://b.example/"],
      audience: "api",
      parameters: { authorization_details: '[{"type":"x"}]' },
    },
    request: {
      body: `${GRANT}&resource=https%3A%2F%2Fa.example%2F&resource=https%3A%2F%2Fb.example%2F&audience=api&authorization_details=%5B%7B%22type%22%3A%22x%22%7D%5D`,
    },
  },
  "K12 an access token that renews itself, as a parameter": {
    options: {
      ...me,
      clientAuth: "client_secret_post",
      tokens: { access_token: "access 1", expires_at: 1 },
      request: {
        method: "GET",
        grant_type: "fb_exchange_token",
        names: { refresh_token: "fb_exchange_token" },
      },
      response: { names: { refresh_token: "access_token" } },
    },
    request: {
      method: "GET",
      url: "/token?grant_type=fb_exchange_token&fb_exchange_token=access+1&client_id=app%3A1&client_secret=s3cr3t+%2B%2F%3D%C3%A9",
      headers: NO_BODY,
      body: "",
    },
  },
  "K12 an access token that renews itself, as a bearer": {
    options: {
      tokens: { access_token: "access 1", expires_at: 1 },
      request: {
        body: "none",
        names: { refresh_token: null },
        templates: { authorization: "Bearer {access_token}" },
        place: { authorization: "header" },
      },
      response: { names: { refresh_token: "access_token" } },
    },
    request: { headers: { ...NO_BODY, authorization: "Bearer access 1" }, body: "" },
  },
  "K13 a proof of possession, and nothing else that is new": {
    options: { client_id: "me", dpop: dpop() },
    request: ({ headers: { dpop: proof, ...headers }, body }) => {
      assert.equal(proof.split(".").length, 3);
      assert.deepEqual(headers, FORM);
      assert.equal(body, `${GRANT}&client_id=me`);
    },
    reply: fresh({ token_type: "DPoP" }),
  },
};

for (const [title, { options, request, reply = fresh() }] of Object.entries(ROWS))
  test(title, async () => {
    server.expect({ request, reply });
    const { refresher } = strictSession(server, options);
    const outcome = await refresher.getAccessToken().catch((error) => error);
    server.check();
    assert.equal(outcome, "A.5Tz9-that-is-fresh");
    refresher.close();
  });

test("K12 the token that a refresh brought renews itself at the next one, from the storage on", async () => {
  const options = {
    request: {
      method: "GET",
      names: { refresh_token: "access_token", client_id: null },
      grant_type: "ig_refresh_token",
    },
    response: { names: { refresh_token: "access_token" } },
  };
  const exchange = (from, to) => ({
    request: {
      method: "GET",
      url: `/token?grant_type=ig_refresh_token&access_token=${from}`,
      headers: NO_BODY,
      body: "",
    },
    reply: fresh({ access_token: to }),
  });
  server.expect(exchange("long-lived-1", "long-lived-2"), exchange("long-lived-2", "long-lived-3"));
  const { refresher, storage } = strictSession(server, { tokens: {}, ...options });
  await refresher.setTokens({ access_token: "long-lived-1", token_type: "bearer", expires_in: 5_184_000 });
  assert.equal((await refresher.refresh()).access_token, "long-lived-2");
  refresher.close();
  const another = strictSession(server, { tokens: {}, ...options, storage }).refresher;
  assert.equal((await another.refresh()).access_token, "long-lived-3");
  assert.ok(!("refresh_token" in another.tokens));
  server.check();
  another.close();
});

test("K8 an unfilled slot is an error and sends nothing", async () => {
  for (const [slot, tokens] of [
    ["{instance}", {}],
    ["{user.name}", { user: { id: 1 } }],
    ["{user}", { user: { id: 1 } }],
    ["{__proto__.toString}", {}],
    ["{constructor.name}", {}],
    ["{refresh_token}", {}],
  ]) {
    const given = {
      refresh_token: "r-of-a-session",
      access_token: "a-of-a-session",
      expires_at: 1,
      ...tokens,
    };
    const { refresher } = strictSession(server, { tokens: given, request: { templates: { x: slot } } });
    const error = await refresher.getAccessToken().catch((error) => error);
    assert.equal(error.code, "client_rejected", slot);
    assert.equal(error.refreshTokenState, "unspent");
    assert.match(error.error_description, /request\.templates/);
    refresher.close();
  }
  server.check();
});

test("K8 two requests have different correlation ids", async () => {
  const ids = [];
  const request = ({ body }) => ids.push(new URLSearchParams(body).get("nonce"));
  server.expect({ request, reply: fresh() }, { request, reply: fresh() });
  const { refresher } = strictSession(server, { request: { templates: { nonce: "{uuid}" } } });
  await refresher.refresh();
  await refresher.refresh();
  server.check();
  assert.equal(new Set(ids).size, 2);
  refresher.close();
});

test("A4 no name, place or template can produce a reserved parameter", () => {
  const token_endpoint = "https://auth.example/token";
  for (const [options, message] of [
    [{ request: JSON.parse('{"names":{"__proto__":"x"}}') }, /request\.names\.__proto__/],
    [{ request: { names: { constructor: "x" } } }, /request\.names\.constructor/],
    [{ request: { templates: { prototype: "x" } } }, /request\.templates\.prototype/],
    [{ parameters: JSON.parse('{"__proto__":"x"}') }, /parameters\.__proto__/],
    [{ response: { names: { constructor: "x" } } }, /response\.names\.constructor/],
    [{ response: { tokenTypes: { constructor: "Bearer" } } }, /response\.tokenTypes\.constructor/],
    [{ request: { templates: { grant_type: "x" } } }, /request\.templates\.grant_type/],
    [{ request: { templates: { refresh_token: "x" } } }, /request\.templates\.refresh_token/],
    [
      { client_id: "c", client_secret: "s", request: { templates: { Authorization: "x" } } },
      /headers\.Authorization/,
    ],
    [{ request: { method: "GET", body: "form" } }, /request\.body form: a GET has none/],
    [{ request: { place: { tenant: "path" } } }, /request\.place\.tenant is path.*\{tenant\}/],
    [{ request: { place: { refresh_token: "path" }, names: { refresh_token: "rt" } } }, /\{rt\}/],
    [{ request: { body: "xml" } }, /request\.body must be form or json or string or query or none/],
    [{ response: { errorWhen: [{ is: 1 }] } }, /response\.errorWhen\[0\]\.path must be a string/],
    [
      { response: { errorWhen: [{ path: "ok", isnt: 1 }] } },
      /errorWhen\[0\]\.isnt is no option: write one of path, is, isNot/,
    ],
    [
      { response: { errorWhen: [{ path: "ok", means: "dead" }] } },
      /errorWhen\[0\]\.means must be session_ended or/,
    ],
    [{ response: { extendedWhen: "ok" } }, /response\.extendedWhen must be a list/],
    [{ response: { expiry: { in: "hours" } } }, /response\.expiry\.in must be seconds or/],
    [{ transport: "https://proxy" }, /transport must be a function/],
  ])
    assert.throws(
      () => createRefresher({ token_endpoint, ...options }),
      (error) => {
        assert.ok(error instanceof TypeError);
        assert.match(error.message, message);
        return true;
      },
    );
});

test("A4 an endpoint that names a reserved member sends it nowhere", async () => {
  server.expect({ request: { body: "grant_type=refresh_token" }, reply: fresh() });
  const { refresher } = strictSession(server, { request: { names: { refresh_token: "__proto__" } } });
  await refresher.getAccessToken().catch(() => {});
  server.check();
  refresher.close();
});
