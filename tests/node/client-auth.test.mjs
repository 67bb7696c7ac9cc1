// Client authentication (RFC 6749 sections 2.3 and 3.2.1): requirements A6 to A11, and ClientAuth functions.

import "../leaks/listener.mjs";
import { heard } from "../leaks/search.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createRefresher, RefreshError } from "oauth-refresher";
import { clientSecretJwt, mutualTls, privateKeyJwt } from "oauth-refresher/client-auth";
import { goTo } from "oauth-refresher/providers";
import { startOidc } from "../servers/oidc.mjs";
import { endpoint, expiredSession, issuer, reasonOf, refused, token_endpoint } from "./asked.mjs";
import { leak, shown } from "./session.mjs";

const client_id = "client-of-the-test";
const client_secret = "s3cr3t: + / = & ü %, of at least 32 bytes";

let oidc, key;
before(async () => {
  oidc = await startOidc();
  const pair = await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
  key = pair.privateKey;
});
after(() => oidc.close());

/** Every method, as options. */
const methods = {
  none: () => ({ client_id }),
  client_secret_basic: () => ({ client_id, client_secret }),
  client_secret_post: () => ({ client_id, client_secret, clientAuth: "client_secret_post" }),
  client_secret_jwt: () => ({ client_id, issuer, clientAuth: clientSecretJwt(client_secret) }),
  private_key_jwt: () => ({ client_id, issuer, clientAuth: privateKeyJwt(key) }),
  tls_client_auth: () => ({ client_id, clientAuth: mutualTls() }),
};

/** The client credentials of a request. */
const said = ({ headers, parameters }) => [
  ...(headers.authorization ? ["authorization"] : []),
  ...[...parameters.keys()].filter((name) => name.startsWith("client_")).sort(),
];

const ASSERTED = ["client_assertion", "client_assertion_type", "client_id"];
const WANTED = {
  none: ["client_id"],
  client_secret_basic: ["authorization"],
  client_secret_post: ["client_id", "client_secret"],
  client_secret_jwt: ASSERTED,
  private_key_jwt: ASSERTED,
  tls_client_auth: ["client_id"],
};

test("A6 two methods at once are refused at construction", () => {
  const refusal = (options) => {
    try {
      createRefresher({ token_endpoint, client_id, ...options });
    } catch (error) {
      assert.ok(error instanceof TypeError);
      return error.message;
    }
  };
  const clientAuth = () => {};
  assert.match(refusal({ client_secret, clientAuth }), /^client_secret and clientAuth function exclude/);
  assert.match(
    refusal({ client_secret, clientAuth: privateKeyJwt(key), issuer }),
    /^client_secret and clientAuth/,
  );
  assert.match(refusal({ client_secret, clientAuth: "none" }), /^client_secret and clientAuth none exclude/);
  assert.match(
    refusal({ client_secret, headers: { Authorization: "Basic eDp5" } }),
    /^headers\.Authorization/,
  );
  assert.match(refusal({ clientAuth, headers: { authorization: "Basic eDp5" } }), /^headers\.authorization/);
  assert.match(refusal({ client_secret, parameters: { client_secret: "x" } }), /^parameters\.client_secret/);
  for (const name of ["client_assertion", "client_assertion_type"]) {
    assert.match(refusal({ client_secret, parameters: { [name]: "x" } }), /^parameters\.client_assertion/);
    assert.match(refusal({ clientAuth, parameters: { [name]: "x" } }), /^parameters\.client_assertion/);
    assert.equal(refusal({ parameters: { [name]: "x" } }), undefined, "alone it is one method");
  }
});

for (const name of Object.keys(methods)) {
  test(`A6 A9 every refresh and revocation of ${name} carries that method and no other`, async () => {
    const server = endpoint();
    const { refresher } = expiredSession(server, methods[name]());
    for (let round = 0; round < 3; round++) await refresher.refresh();
    await refresher.signOut({ revoke: true });
    assert.equal(server.asked.length, 4);
    for (const request of server.asked) assert.deepEqual(said(request), WANTED[name], request.url);
    assert.equal(server.asked[3].parameters.get("token_type_hint"), "refresh_token");
  });

  test(`A8 nothing secret of ${name} is in a URL`, async () => {
    const server = endpoint();
    const { refresher } = expiredSession(server, methods[name]());
    await refresher.refresh();
    await refresher.signOut({ revoke: true });
    for (const { url } of server.asked) assert.equal(new URL(url).search, "");
  });
}

test("A7 both parts of Basic are form-encoded before they are joined, as RFC 6749 and RFC 8707 show it", async () => {
  const vectors = {
    czZCaGRSa3F0MzpnWDFmQmF0M2JW: ["s6BhdRkqt3", "gX1fBat3bV"],
    czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3: ["s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw"],
    czZCaGRSa3F0Mzpoc3FFelFsVW9IQUU5cHg0RlNyNHlJ: ["s6BhdRkqt3", "hsqEzQlUoHAE9px4FSr4yI"],
  };
  for (const [header, [client_id, client_secret]] of Object.entries(vectors))
    assert.equal((await first({ client_id, client_secret })).headers.authorization, `Basic ${header}`);
  // Appendix B
  const encoded = await first({ client_id: " %&+£€", client_secret: "client %&+-_.!~*'()" });
  assert.equal(
    Buffer.from(encoded.headers.authorization.split(" ")[1], "base64").toString(),
    "+%25%26%2B%C2%A3%E2%82%AC:client+%25%26%2B-_.%21%7E*%27%28%29",
  );
});

test("A7 raw Basic joins them as they are, for GoTo", async () => {
  const id = "c3d6c14f-868a-4339-934f-4da2d788d0aa";
  const secret = "3naO10IA2agcvG+9I9TGEQ==";
  const raw = `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;
  const direct = await first({ client_id: id, client_secret: secret, basicEncoding: "raw" });
  assert.equal(direct.headers.authorization, raw);
  const preset = await first(goTo({ client_id: id, client_secret: secret, token_endpoint }));
  assert.equal(preset.headers.authorization, raw);
});

test("A10 a public client sends its client_id, and none where it has none or the shape leaves it out", async () => {
  assert.equal((await first({ client_id })).parameters.get("client_id"), client_id);
  assert.deepEqual(said(await first({})), []);
  assert.deepEqual(said(await first({ client_id, request: { names: { client_id: null } } })), []);
});

for (const name of ["none", "basic", "post"])
  test(`A11 the client ${name} of oidc-provider refreshes, and its secret is form-decoded there`, async () => {
    const clientAuth = name === "none" ? "none" : `client_secret_${name}`;
    const refresher = createRefresher({
      token_endpoint: oidc.token_endpoint,
      ...oidc.clients[name],
      clientAuth,
      tokens: { refresh_token: (await oidc.mint(name)).refresh_token },
    });
    assert.ok(await refresher.getAccessToken());
  });

test("a revocation says who asks, and nothing that is for the token endpoint", async () => {
  const asked = [];
  const parameters = { tenant: () => asked.push("tenant") && "42", fixed: "7" };
  for (const name of ["client_secret_post", "private_key_jwt"]) {
    const server = endpoint();
    const { refresher } = expiredSession(server, { ...methods[name](), parameters, scope: "a b" });
    await refresher.refresh();
    await refresher.signOut({ revoke: true });
    assert.deepEqual(
      [...server.asked[1].parameters.keys()].sort(),
      [...WANTED[name], "token", "token_type_hint"].sort(),
    );
  }
  assert.equal(asked.length, 2, "one for each refresh");
});

// --- functions --------------------------------------------------------------------------------------------------------

test("a ClientAuth function adds, and what is there already stays as it is", async () => {
  const clientAuth = ({ headers, parameters }) => {
    for (const name of ["grant_type", "refresh_token", "client_id"]) parameters.set(name, "mine");
    parameters.append("refresh_token", "another");
    parameters.delete("scope");
    parameters.append("client_token", "added-once");
    headers.set("x-gateway", "added-too");
  };
  const server = endpoint();
  const { refresher, refresh_token } = expiredSession(server, { client_id, clientAuth, scope: "a b" });
  await refresher.refresh();
  const [{ parameters, headers }] = server.asked;
  assert.deepEqual(
    [...parameters],
    [
      ["grant_type", "refresh_token"],
      ["refresh_token", refresh_token],
      ["client_id", client_id],
      ["scope", "a b"],
      ["client_token", "added-once"],
    ],
  );
  assert.equal(headers["x-gateway"], "added-too");
});

for (const [body, place] of [
  ["form", ({ parameters }) => Object.fromEntries(parameters)],
  ["json", ({ text }) => JSON.parse(text)],
  ["query", ({ url }) => Object.fromEntries(new URL(url).searchParams)],
])
  test(`what a ClientAuth function adds goes where the parameters of ${body} are`, async () => {
    const clientAuth = ({ parameters }) => {
      assert.equal(parameters.get("grant_type"), body === "query" ? null : "refresh_token");
      parameters.set("client_token", "added + once");
    };
    const options = { client_id, clientAuth, token_endpoint: `${token_endpoint}?v=2`, request: { body } };
    const request = await first(options);
    assert.equal(place(request).client_token, "added + once");
    assert.equal(place(request).client_id, client_id);
    assert.equal(new URL(request.url).searchParams.get("v"), "2");
  });

test("what a ClientAuth function throws is the text of an error: nothing is sent, the tokens are kept, no secret is told", async () => {
  const server = endpoint();
  const { refresher, storage, refresh_token, events } = expiredSession(server, {
    client_id,
    clientAuth: ({ parameters }) => {
      throw new Error(`no key for ${parameters.get("client_id")} and ${parameters}`);
    },
  });
  const error = await reasonOf(refresher.refresh());
  assert.ok(error instanceof RefreshError);
  assert.deepEqual(
    [error.code, error.refreshTokenState, error.status],
    ["client_rejected", "unspent", undefined],
  );
  assert.match(error.error_description, /^no key for client-of-the-test and grant_type=refresh_token/);
  assert.equal(leak(shown(error) + shown(events), [refresh_token]), undefined);
  assert.equal(server.asked.length, 0);
  assert.deepEqual((await storage.load()).tokens, { refresh_token });
  assert.equal((await storage.load()).pending, undefined);
});

test("an error of the server is told as it came, though its words are in the request too", async () => {
  const error_description = "grant_type refresh_token is not for application/json";
  const server = endpoint(refused("unsupported_grant_type", { error_description }));
  const { refresher } = expiredSession(server, { client_id });
  const error = await reasonOf(refresher.refresh());
  assert.equal(error.error, "unsupported_grant_type");
  assert.equal(error.error_description, error_description);
});

test("what a server repeats of an authentication is taken out of its words", async () => {
  const clientAuth = ({ headers, parameters }) => {
    headers.set("x-proof", "proof-0123456789-abcdef");
    parameters.set("client_assertion", "assertion-0123456789-abcdef");
  };
  const server = endpoint(({ headers, parameters }) =>
    refused("invalid_request", {
      error_description: `${headers["x-proof"]} ${parameters.get("client_assertion")} ${parameters.get("key")} is bad`,
    }),
  );
  const parameters = { key: () => "parameter-0123456789" };
  const { refresher } = expiredSession(server, { client_id, clientAuth, parameters });
  const error = await reasonOf(refresher.refresh());
  heard("an error", shown(error));
  assert.equal(error.error_description, "[redacted] [redacted] [redacted] is bad");
});

/** The first request of a session with these options. */
async function first(options) {
  const server = endpoint();
  await expiredSession(server, options).refresher.refresh();
  return server.asked[0];
}
