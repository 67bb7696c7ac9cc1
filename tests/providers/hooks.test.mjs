// The presets with functions: the effect on the session when the function fails.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { apple, bullhorn, feishuV1, slack } from "oauth-refresher/providers";
import { memoryStorage } from "oauth-refresher/storage";
import { clientFor } from "./client.mjs";
import { rows } from "../../pkg-template/providers/source/rows.mjs";
import { startRow } from "./server.mjs";

const SECRETS = { bot: [randomUUID(), randomUUID()], user: [randomUUID(), randomUUID()] };

test("bullhorn keeps the only valid refresh token when the login call fails", async (t) => {
  const { server, client, storage } = await started(t, "bullhorn");
  let isDown = true;
  const fetch = async (input, init) =>
    isDown && /rest-services/.test(input.url ?? input)
      ? new Response("down", { status: 502 })
      : server.fetch(input, init);
  const { refresh_token } = server.book.login();
  const preset = bullhorn({ client_id: client.id, client_secret: client.secret });
  const refresher = createRefresher({
    ...preset,
    fetch,
    storage,
    background: "never",
    tokens: { refresh_token },
  });
  t.after(() => refresher.close());

  await assert.rejects(refresher.getAccessToken(), { code: "bad_response" });
  assert.equal((await storage.load()).tokens.refresh_token, server.book.last.refresh_token);
  isDown = false;
  const { access_token, restUrl } = await refresher.refresh();
  assert.equal(access_token, server.expected);
  assert.match(restUrl, /^https:/);
});

test("feishuV1 asks for the app's own token at each refresh", async (t) => {
  const { server, client, storage } = await started(t, "feishu-v1");
  let asked = 0;
  const preset = feishuV1({ app_access_token: async () => (asked++, client.api_key) });
  const tokens = { refresh_token: server.book.login().refresh_token };
  const refresher = createRefresher({ ...preset, fetch: server.fetch, storage, background: "never", tokens });
  t.after(() => refresher.close());
  await refresher.refresh();
  await refresher.refresh();
  assert.deepEqual([asked, server.requests, server.violations.length], [2, 2, 0]);
});

test("apple requires a private CryptoKey", () => {
  for (const privateKey of [undefined, "-----BEGIN PRIVATE KEY-----", {}])
    assert.throws(() => apple({ client_id: "a", team_id: "t", key_id: "k", privateKey }), {
      name: "TypeError",
      message: /apple: privateKey must be a private CryptoKey/,
    });
});

test("a Slack reply with a bot's and a user's tokens makes two separate sessions", async (t) => {
  const login = {
    ok: true,
    access_token: SECRETS.bot[0],
    refresh_token: SECRETS.bot[1],
    token_type: "bot",
    expires_in: 43200,
    authed_user: {
      id: "U1",
      access_token: SECRETS.user[0],
      refresh_token: SECRETS.user[1],
      token_type: "user",
      expires_in: 43200,
    },
  };
  for (const token of ["bot", "user"]) {
    const preset = slack({ client_id: "app", client_secret: "s3cr3t", token });
    const storage = memoryStorage();
    const refresher = createRefresher({ ...preset, storage, background: "never" });
    t.after(() => refresher.close());
    const tokens = await refresher.setTokens(login);
    assert.equal(tokens.access_token, SECRETS[token][0]);
    assert.equal(tokens.token_type, "Bearer");
    for (const [, secret] of Object.values(SECRETS)) assert.ok(!JSON.stringify(tokens).includes(secret));
    assert.equal((await storage.load()).tokens.refresh_token, SECRETS[token][1]);
  }
});

async function started(t, id) {
  const row = rows.find((row) => row.id === id);
  const client = clientFor(row);
  const server = await startRow(row, client);
  t.after(() => server.close());
  return { server, client, storage: memoryStorage() };
}
