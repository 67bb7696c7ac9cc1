// Misuse is a TypeError at once: it names the option and what to write, and quotes no value.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import test from "node:test";
import { createRefresher } from "oauth-refresher";
import { callbackStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";

const SECRET = "s3cr3t-value-of-a-user";
const ENDPOINT = "https://auth.example/token";

test("a token endpoint or an issuer is enough", () => {
  accepts({ token_endpoint: ENDPOINT });
  accepts({ token_endpoint: undefined, issuer: "https://auth.example" });
});

test("without token endpoint and issuer nothing is created", () => {
  assert.match(refusal({}), /token_endpoint is missing.*issuer/);
  assert.match(refusal({ client_id: "app" }), /token_endpoint is missing/);
  for (const options of [undefined, null, [], "x", new Map()])
    assert.match(refusal(options), /options must be/);
});

test("http is for loopback hosts only", () => {
  for (const host of ["localhost:8080", "127.0.0.1:1", "127.9.8.7", "[::1]:80"])
    accepts({ token_endpoint: `http://${host}/token` });
  for (const host of [
    "auth.example",
    "app.localhost",
    "127.0.0.1.evil.example",
    "notlocalhost",
    "10.0.0.1",
    "[::2]",
  ])
    for (const name of ["token_endpoint", "issuer", "revocation_endpoint"])
      assert.match(
        refusal({ token_endpoint: ENDPOINT, [name]: `http://${host}/` }),
        new RegExp(`^${name} must be an https URL`),
      );
});

test("an endpoint is an absolute URL without fragment and credentials", () => {
  for (const token_endpoint of [
    "/token",
    "auth.example/token",
    "ftp://auth.example",
    `${ENDPOINT}#`,
    "",
    7,
    null,
  ])
    assert.match(refusal({ token_endpoint }), /^token_endpoint must be .*fragment/);
  const message = refusal({ token_endpoint: `https://user:${SECRET}@auth.example/token` });
  assert.match(message, /without credentials/);
  accepts({ token_endpoint: "https://auth.example/{tenant}/token?version=2" });
});

test("two ways of client authentication contradict each other", () => {
  const secretive = { token_endpoint: ENDPOINT, client_id: "app", client_secret: SECRET };
  accepts(secretive);
  accepts({ ...secretive, client_secret: async () => SECRET });
  accepts({ ...secretive, clientAuth: "client_secret_post" });
  assert.match(refusal({ ...secretive, clientAuth: "none" }), /client_secret and clientAuth none exclude/);
  assert.match(refusal({ ...secretive, clientAuth() {} }), /client_secret and clientAuth function exclude/);
  assert.match(
    refusal({ ...secretive, headers: { Authorization: SECRET } }),
    /headers\.Authorization and clientAuth/,
  );
});

test("a secret or an id that the method needs is required", () => {
  for (const clientAuth of ["client_secret_basic", "client_secret_post"])
    assert.match(
      refusal({ token_endpoint: ENDPOINT, client_id: "app", clientAuth }),
      /^client_secret is missing: clientAuth client_secret_(basic|post) needs it/,
    );
  assert.match(refusal({ token_endpoint: ENDPOINT, client_secret: SECRET }), /^client_id is missing/);
  const basic = { username: "client_secret", password: "" };
  accepts({ token_endpoint: ENDPOINT, client_secret: SECRET, request: { basic } });
});

test("an Authorization header of the options is accepted without client authentication", () => {
  accepts({ token_endpoint: ENDPOINT, headers: { authorization: "Bearer gateway" } });
});

test("for an unknown name the error suggests those that begin alike", () => {
  for (const [wrong, right] of Object.entries({
    timeoutSecond: "timeoutSeconds",
    timeoutMs: "timeoutSeconds",
    tokenEndpoint: "token_endpoint, tokens",
    clientId: "client_id, client_secret, clientAuth",
    client_sercet: "client_id, client_secret, clientAuth",
    origin: "origins",
  }))
    assert.equal(
      refusal({ token_endpoint: ENDPOINT, [wrong]: SECRET }),
      `${wrong} is no option: write one of ${right}`,
    );
  assert.match(refusal({ token_endpoint: ENDPOINT, request: { bodi: "json" } }), /request\.bodi.* of body$/);
});

test("for an unknown name unlike any other the error lists all that there are", () => {
  for (const name of ["banana", "Storage", "toString"])
    assert.match(
      refusal({ token_endpoint: ENDPOINT, [name]: 1 }),
      new RegExp(`^${name} is no option: write one of token_endpoint, issuer, .*, trace$`),
    );
  assert.match(refusal({ token_endpoint: ENDPOINT, constructor: 1 }), /^constructor is no option/);
});

test("a wrong type is named, with what to write", () => {
  const wrong = {
    client_id: [7, SECRET.split("")],
    client_secret: [12345678, "", { value: SECRET }, null],
    clientAuth: ["client_secret_jwt", 1],
    basicEncoding: ["utf8"],
    scope: [["a", "b"]],
    resource: ["no-uri", "https://api.example/#fragment", ["https://api.example", 1]],
    audience: ["", 1],
    parameters: [[], new Map(), { tenant: 1 }, { tenant: undefined }],
    headers: [new Headers({ "x-key": SECRET }), { "x-key": 1 }],
    request: ["json", { body: "xml" }, { method: "DELETE" }, { place: { a: "cookie" } }, { names: { a: 1 } }],
    response: [
      { expiry: { in: "hours" } },
      { errors: { dead: "gone" } },
      { successStatus: 200 },
      { errorWhen: {} },
    ],
    refreshAheadSeconds: [-1, "60", NaN, Infinity],
    background: ["sometimes", true],
    keepAliveSeconds: [0, -1, "daily"],
    reuse: ["sometimes", {}, { graceSeconds: "30" }, { graceSeconds: -1 }, 30],
    endsWhen: ["dead", [1]],
    storage: [{}, { load() {} }, Promise.resolve(), SECRET],
    tokens: [SECRET, [SECRET]],
    lock: ["steal", 1],
    fetch: [1, {}],
    timeoutSeconds: [0, -5, "30", NaN, Infinity],
    retries: [-1, 1.5, "3"],
    origins: [
      "https://api.example",
      ["https://api.example/"],
      ["https://api.example/v1"],
      ["http://api.example"],
      ["*"],
    ],
    isTokenRejected: [true],
    waitUntil: [{}],
  };
  for (const [name, values] of Object.entries(wrong))
    for (const value of values)
      assert.match(
        refusal({ token_endpoint: ENDPOINT, [name]: value }),
        new RegExp(`^${name}\\S* must be .+ \\(given: [a-z]+( \\S+)?\\)$`),
        `${name}: ${typeof value}`,
      );
});

test("a wrong value is told, unless it may be a secret", () => {
  const told = (options) => /\(given: (.+)\)$/.exec(refusal({ token_endpoint: ENDPOINT, ...options }))?.[1];
  for (const [options, given] of [
    [{ reuse: "allways" }, "string allways"],
    [{ reuse: { graceSeconds: "30" } }, "string 30"],
    [{ reuse: { grace: 30 } }, "undefined"],
    [{ background: true }, "boolean true"],
    [{ retries: Infinity }, "number Infinity"],
    [{ timeoutSeconds: 30000 }, "number 30000"],
    [{ client_id: 12 }, "number 12"],
    [{ clientAuth: "client_secret_jwt" }, "string client_secret_jwt"],
    [{ storage: "localStorage" }, "string localStorage"],
    [{ token_endpoint: "/token" }, "string /token"],
    [{ token_endpoint: "http://as.example/token" }, "string http://as.example/token"],
    [{ token_endpoint: ENDPOINT + "#x" }, `string ${ENDPOINT}#x`],
    [{ origins: ["https://*.example"] }, "string https://*.example"],
    [{ origins: ["https://api.example/v1"] }, "string https://api.example/v1"],
    // what may be a secret
    [{ token_endpoint: "http://me:hunter@as.example/" }, "string"],
    [{ token_endpoint: "http://as.example/?key=hunter" }, "string"],
    [{ client_secret: 12345678 }, "number"],
    [{ clientAuth: SECRET }, "string"],
    [{ tokens: "hunter" }, "string"],
    [{ tokens: [SECRET] }, "array"],
    [{ headers: { "x-key": 1234 } }, "number"],
    [{ parameters: { pin: 1234 } }, "number"],
    [{ request: { templates: { pin: 1234 } } }, "number"],
    [{ request: { basic: { password: "hunter" } } }, "string"],
    // what has no text
    [{ storage: Object.create(null) }, "object"],
    [{ storage: Symbol("hunter") }, "symbol"],
    [{ storage: null }, "null"],
  ])
    assert.equal(told(options), given, JSON.stringify(options));
});

test("the text of a truth value is none", () => {
  for (const text of ["true", "false", ""])
    assert.match(
      refusal({ token_endpoint: ENDPOINT, allowInsecureRequests: text }),
      /^allowInsecureRequests must be true or false \(given: string/,
    );
});

test("of a list the item that is wrong is named", () => {
  const wrong = (options) => refusal({ token_endpoint: ENDPOINT, ...options });
  assert.match(
    wrong({ origins: ["https://a.example", "https://b.example/"] }),
    /^origins\[1\] must be an https origin/,
  );
  assert.match(wrong({ origins: ["https://*.example"] }), /^origins\[0\] must be an https origin/);
  assert.match(wrong({ endsWhen: [7] }), /^endsWhen\[0\] must be a string/);
  assert.match(wrong({ endsWhen: "a" }), /^endsWhen must be a list \(given: string a\)/);
});

test("everything that the contract allows is accepted", () => {
  const storage = { load: () => null, save: () => true };
  for (const options of [
    { scope: "" },
    { scope: undefined, timeoutSeconds: undefined },
    { resource: ["https://api.example", "urn:example:api"] },
    { reuse: { graceSeconds: 0 } },
    { reuse: "until-successor-used" },
    { refreshAheadSeconds: 0, retries: 0, keepAliveSeconds: 0.5, timeoutSeconds: 0.1 },
    { origins: ["https://api.example", "https://api.example:8443", "http://localhost:3000"] },
    { parameters: { tenant: "a", request_id: () => "1" }, headers: { "x-key": async () => "k" } },
    { storage, lock: (work) => work() },
    { clientAuth: "none", client_id: "app" },
    { request: { names: { grant_type: null }, basic: { username: "client_id", password: "" } } },
    { response: { errorWhen: [{ path: "ok", isNot: true }], errors: { KOE322: "session_ended" } } },
    { tokens: { refresh_token: "from the environment" }, background: "never" },
  ])
    accepts({ token_endpoint: ENDPOINT, ...options });
});

test("parameters cannot override what has an option of its own", () => {
  for (const name of ["grant_type", "refresh_token", "client_id", "client_secret"])
    assert.match(
      refusal({ token_endpoint: ENDPOINT, parameters: { [name]: SECRET } }),
      new RegExp(`^parameters\\.${name} cannot be set here`),
    );
  assert.match(
    refusal({ token_endpoint: ENDPOINT, scope: "a", parameters: { scope: "b" } }),
    /parameters\.scope/,
  );
});

test("no name that reaches a prototype is accepted", () => {
  for (const option of ["parameters", "headers"])
    for (const name of ["__proto__", "constructor", "prototype"]) {
      const named = JSON.parse(`{ "${name}": "x" }`);
      assert.match(
        refusal({ token_endpoint: ENDPOINT, [option]: named }),
        new RegExp(`^${option}\\.${name}`),
      );
      assert.match(refusal({ token_endpoint: ENDPOINT, request: { names: named } }), /^request\.names\./);
    }
  assert.equal({}.x, undefined);
});

test("a value that request.check restricts is refused by name, before anything is sent", async () => {
  for (const [kind, value, says] of [
    ["int32", "1.5", "a whole number from -2147483648 to 2147483647"],
    ["int32", "2147483648", "a whole number"],
    ["uuid", "123e4567", "a UUID such as"],
    ["url", "/path", "an absolute address"],
    ["json", "{", "JSON"],
  ])
    for (const place of ["parameters", "headers"]) {
      const server = fakeAuthorizationServer();
      const refresher = createRefresher({
        ...server.options,
        tokens: { refresh_token: "r" },
        [place]: { it: value },
        request: { check: { it: kind } },
      });
      await assert.rejects(refresher.getAccessToken(), ({ code, message }) => {
        assert.equal(code, "client_rejected");
        assert.ok(message.includes(`it must be ${says}`), message);
        return true;
      });
      assert.equal(server.requests.length, 0);
      refresher.close();
    }
});

function accepts(options) {
  createRefresher(options).close();
}

function refusal(options) {
  let error;
  assert.throws(
    () => createRefresher(options),
    (thrown) => (error = thrown) instanceof TypeError,
    JSON.stringify(options),
  );
  assert.ok(!error.message.includes(SECRET.slice(0, 8)), error.message);
  assert.ok(!error.message.includes("12345678"), error.message);
  return error.message;
}

test("Basic credentials need what they are made of", () => {
  const basic = (more) => ({ token_endpoint: ENDPOINT, clientAuth: "client_secret_basic", ...more });
  assert.match(refusal(basic({ request: { basic: { password: "" } } })), /^client_id is missing/);
  assert.match(
    refusal(basic({ client_id: "me", request: { basic: { username: "client_id" } } })),
    /^client_secret is/,
  );
  assert.match(
    refusal({ token_endpoint: ENDPOINT, response: { names: { access_token: null } } }),
    /must be a string/,
  );
});

test("an expires_at in milliseconds, as a Date or as ISO text is stored in seconds", async () => {
  const at = 1_900_000_000;
  const [date, iso] = [new Date(at * 1000), new Date(at * 1000).toISOString()];
  const offset = "2030-03-17T18:46:40+01:00";
  for (const expires_at of [at, at * 1000, date, iso, iso.replace("T", " "), `${at}`, `${at}.0`, offset]) {
    const refresher = createRefresher({ token_endpoint: ENDPOINT, client_id: "me" });
    const tokens = await refresher.setTokens({ access_token: "access-token-Tr63-Nq18", expires_at });
    assert.equal(tokens.expires_at, at, String(expires_at));
  }
});

test("an expires_at in milliseconds or as ISO text in a stored record is read in seconds", async () => {
  const at = 1_900_000_000;
  for (const expires_at of [at, at * 1000, new Date(at * 1000).toISOString()]) {
    const record = {
      format: 1,
      generation: 1,
      obtained_at: Date.now() / 1000,
      tokens: {
        access_token: "access-token-Tr63-Nq18",
        refresh_token: "refresh-token-Gk20-Ls44",
        expires_at,
      },
    };
    const storage = callbackStorage({ load: () => record, save() {} });
    const refresher = createRefresher({ token_endpoint: ENDPOINT, client_id: "me", storage });
    assert.equal((await refresher.load()).expires_at, at, String(expires_at));
    refresher.close();
  }
});

test("an expires_at that is no time is refused by name in setTokens and in the option tokens", async () => {
  const [access_token, token_endpoint, client_id] = ["access-token-Tr63-Nq18", ENDPOINT, "me"];
  for (const [expires_at, given] of [
    ["soon", "string"],
    ["", "string"],
    ["3600s", "string"],
    ["Tue, 14 Nov 2023 22:13:20 GMT", "string"],
    ["14 Nov 2023 22:13:20", "string"],
    ["2023-11-14", "string"],
    ["2023-13-45T22:13:20Z", "string"],
    ["2023-11-14T22:13:20 or later", "string"],
    [NaN, "number"],
    [Infinity, "number"],
    [-5, "number"],
    [1_900_000_000_000_000, "number"],
    [new Date(NaN), "date"],
    [new Date(8.64e15), "date"],
    [true, "boolean"],
    [{}, "object"],
    [[1_900_000_000], "array"],
  ]) {
    const refused = {
      name: "TypeError",
      message: `tokens.expires_at must be Unix seconds or an ISO date (given: ${given})`,
    };
    for (const response of [undefined, { root: "session" }]) {
      const refresher = createRefresher({ token_endpoint, client_id, response });
      await assert.rejects(refresher.setTokens({ access_token, expires_at }), refused, String(expires_at));
      assert.equal(await refresher.load(), null);
      refresher.close();
      const tokens = { access_token, expires_at };
      assert.throws(() => createRefresher({ token_endpoint, client_id, response, tokens }), refused);
    }
  }
  for (const expires_at of [undefined, null, 0]) {
    const refresher = createRefresher({ token_endpoint, client_id });
    assert.equal((await refresher.setTokens({ access_token, expires_at })).expires_at, undefined);
    refresher.close();
  }
});

test("in a server's reply an expires_at that can be no time is an unknown lifetime", async () => {
  for (const expires_at of ["soon", "", true, {}, -5, 1_900_000_000_000_000, 1e300]) {
    const refresher = createRefresher({
      token_endpoint: ENDPOINT,
      client_id: "me",
      tokens: { refresh_token: "refresh-token-Gk20-Ls44" },
      fetch: async () => Response.json({ access_token: "access-token-Tr63-Nq18", expires_at }),
    });
    const tokens = await refresher.getTokens();
    assert.equal(tokens.expires_at, undefined, String(expires_at));
    refresher.close();
  }
});
