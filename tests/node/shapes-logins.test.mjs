// ResponseShape at a login: several token sets in one reply (R10), and all forms in which tokens can be passed.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ACCESS, FIRST, NOW, asks, strictServer, strictSession, text, without } from "./strict.mjs";

let server;
before(async () => (server = await strictServer()));
after(() => server.close());

const session = (options) => strictSession(server, { tokens: { refresh_token: FIRST }, ...options });

// --- R10: several token sets in one reply --------------------------------------------------------------------------------------

/** The reply of Slack's documentation. */
const LOGIN = {
  ok: true,
  access_token: "xoxe.xoxb-bot-token",
  token_type: "bot",
  scope: "commands,incoming-webhook",
  refresh_token: "xoxe-1-bot-Lw58",
  expires_in: 43_200,
  team: { id: "T1" },
  authed_user: {
    id: "U1",
    scope: "chat:write,users:read",
    access_token: "xoxe.xoxp-user-token",
    token_type: "user",
    refresh_token: "xoxe-1-user-Zt31",
    expires_in: 43_200,
  },
};
const SLACK = {
  scopeSeparator: ",",
  errorWhen: [{ path: "ok", isNot: true }],
  errors: { invalid_refresh_token: "session_ended" },
};
const bot = (options) =>
  session({ tokens: {}, response: { ...SLACK, tokenTypes: { bot: "Bearer" } }, ...options });
const user = (options) =>
  session({
    tokens: {},
    response: { ...SLACK, root: "authed_user", tokenTypes: { user: "Bearer" } },
    ...options,
  });

test("R10 one login reply is two sessions, and each refreshes with its own token", async () => {
  const sessions = [
    [
      bot(),
      "xoxe.xoxb-bot-token",
      "xoxe-1-bot-Lw58",
      "commands incoming-webhook",
      { ...LOGIN, authed_user: undefined, access_token: "xoxe.xoxb-bot-2" },
    ],
    [
      user(),
      "xoxe.xoxp-user-token",
      "xoxe-1-user-Zt31",
      "chat:write users:read",
      { ok: true, authed_user: { ...LOGIN.authed_user, access_token: "xoxe.xoxp-user-2" } },
    ],
  ];
  for (const [{ refresher }, access_token, refresh_token, scope, reply] of sessions) {
    const tokens = await refresher.setTokens(LOGIN);
    assert.equal(tokens.access_token, access_token);
    assert.equal(tokens.token_type, "Bearer");
    assert.equal(tokens.scope, scope);
    assert.ok(!JSON.stringify(tokens).includes("xoxe-1"), "no refresh token, and not the other session's");
    server.expect({ request: asks(refresh_token), reply });
    assert.match((await refresher.refresh()).access_token, /-2$/);
    server.check();
    refresher.close();
  }
});

test("R10 a user's refresh may have a plain reply", async () => {
  const { refresher } = user();
  await refresher.setTokens(LOGIN);
  server.expect({
    request: asks("xoxe-1-user-Zt31"),
    reply: { ok: true, ...LOGIN.authed_user, access_token: "xoxe.xoxp-user-2" },
  });
  assert.equal((await refresher.refresh()).access_token, "xoxe.xoxp-user-2");
  server.check();
  refresher.close();
});

test("R10 a login without a user's token is no user's session, whatever else it brings", async () => {
  const { refresher } = user();
  const { access_token, refresh_token, ...userWithoutTokens } = LOGIN.authed_user;
  const failure = await refresher
    .setTokens({ ...LOGIN, authed_user: userWithoutTokens })
    .then(assert.fail, (reason) => reason);
  assert.equal(failure.code, "bad_response");
  assert.equal(refresher.tokens, null);
  refresher.close();
});

// --- tokens that the user passes --------------------------------------------------------------------------------------------------

const SQUARE = {
  names: { access_token: "accessToken", refresh_token: "refreshToken" },
  expiry: { in: "iso8601", name: "expires_at" },
  root: "data",
};
const until = () => new Date(Date.now() + 3_600_000).toISOString();

for (const [title, reply] of Object.entries({
  "as it came": () => ({ data: { accessToken: ACCESS, refreshToken: FIRST, expires_at: until() } }),
  "without the envelope": () => ({ accessToken: ACCESS, refreshToken: FIRST, expires_at: until() }),
  "under registered names": () => ({ access_token: ACCESS, refresh_token: FIRST, expires_at: NOW() + 3600 }),
  "under registered names, with a lifetime": () => ({
    access_token: ACCESS,
    refresh_token: FIRST,
    expires_in: 3600,
  }),
}))
  test(`setTokens and options.tokens take the reply ${title}`, async () => {
    for (const given of ["setTokens", "tokens"]) {
      const { refresher, storage } = session({ response: SQUARE, tokens: given == "tokens" ? reply() : {} });
      if (given == "setTokens") await refresher.setTokens(reply());
      const tokens = await refresher.getTokens();
      assert.equal(tokens.access_token, ACCESS, given);
      assert.ok(Math.abs(tokens.expires_at - NOW() - 3600) < 10, given);
      assert.equal((await storage.load()).tokens.refresh_token, FIRST, given);
      refresher.close();
    }
  });

test("setTokens gives a TokenSet back what it is, even where the server counts in milliseconds", async () => {
  const response = { expiry: { in: "unix_milliseconds", name: "expires_at" } };
  const { refresher } = session({ tokens: {}, response });
  const first = await refresher.setTokens({
    access_token: ACCESS,
    refresh_token: FIRST,
    expires_at: Date.now() + 3_600_000,
  });
  assert.ok(Math.abs(first.expires_at - NOW() - 3600) < 10);
  const again = await refresher.setTokens(first);
  assert.ok(Math.abs(again.expires_at - first.expires_at) < 0.01);
  refresher.close();
});

test("setTokens refuses a shaped reply without tokens, and keeps what there was", async () => {
  const { refresher } = session({ tokens: { access_token: ACCESS, refresh_token: FIRST }, response: SQUARE });
  await refresher.getTokens();
  for (const reply of [
    {},
    { data: {} },
    { error: "invalid_grant" },
    { data: { accessToken: 5 } },
    null,
    undefined,
    "text",
  ])
    await assert.rejects(
      refresher.setTokens(reply),
      (error) => error instanceof TypeError || error.code == "bad_response",
    );
  assert.equal((await refresher.getTokens()).access_token, ACCESS);
  refresher.close();
});

test("setTokens understands a token's type as a refresh does", async () => {
  const { refresher } = session({ tokens: {} });
  assert.equal(
    (await refresher.setTokens({ access_token: ACCESS, token_type: "bearer" })).token_type,
    "Bearer",
  );
  const failure = await refresher
    .setTokens({ access_token: ACCESS, token_type: "mac" })
    .then(assert.fail, (reason) => reason);
  assert.equal(failure.code, "bad_response");
  refresher.close();
});
