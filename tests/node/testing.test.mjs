// `oauth-refresher/testing`: the scripted server, and the refresher's reaction to each of its faults.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";

const over = (tokens) => ({ ...tokens, expires_in: undefined, expires_at: 1 });

function start(options, refresherOptions) {
  const server = fakeAuthorizationServer(options);
  const storage = memoryStorage();
  const tokens = over(server.login());
  return {
    server,
    storage,
    refresher: createRefresher({ ...server.options, storage, tokens, ...refresherOptions }),
  };
}

const codes = {
  unsent: { code: "unavailable", refreshTokenState: "unspent" },
  "lost-request": { code: "outcome_unknown", refreshTokenState: "unknown" },
  "lost-reply": { code: "outcome_unknown", refreshTokenState: "unknown" },
  truncated: { code: "outcome_unknown", refreshTokenState: "unknown" },
  "500-before": { code: "unavailable", refreshTokenState: "unknown", status: 500 },
  "500-after": { code: "unavailable", refreshTokenState: "unknown", status: 500 },
  html: { code: "bad_response", refreshTokenState: "unknown" },
  empty: { code: "bad_response", refreshTokenState: "unknown" },
  huge: { code: "bad_response", refreshTokenState: "unknown" },
  redirect: { code: "bad_response", refreshTokenState: "unknown" },
  invalid_client: { code: "client_rejected", refreshTokenState: "unspent", retryable: false },
  nonce: { code: "client_rejected", error: "use_dpop_nonce" },
  hang: { code: "unavailable", refreshTokenState: "unknown" },
  invalid_grant: { code: "session_ended", refreshTokenState: "spent", sessionEnded: true },
};

for (const [fault, expected] of Object.entries(codes))
  test(`${fault} is ${expected.code}, with the refresh token ${expected.refreshTokenState ?? "kept"}`, async () => {
    const { server, refresher, storage } = start({}, { retries: 0, timeoutSeconds: 0.2 });
    server.always(fault);
    await assert.rejects(refresher.getAccessToken(), expected);
    if (!expected.sessionEnded) assert.ok((await storage.load()).tokens.refresh_token);
  });

for (const reuse of ["always", "until-successor-used", { graceSeconds: 5 }])
  for (const fault of ["lost-reply", "truncated", "500-after", "lost-request"])
    test(`${fault} costs nothing where reuse is ${JSON.stringify(reuse)}`, async () => {
      const { server, refresher } = start({ reuse });
      server.next(fault);
      assert.ok(await refresher.getAccessToken());
      assert.equal(server.requests.length, 2);
      assert.ok(await refresher.refresh());
      assert.equal(server.revokedSessions, 0);
    });

test("a strict server revokes the session when a refresh token is used twice", async () => {
  const server = fakeAuthorizationServer();
  const { refresh_token } = server.login();
  const send = () =>
    server.fetch(server.token_endpoint, {
      method: "POST",
      body: new URLSearchParams({ grant_type: "refresh_token", client_id: server.client_id, refresh_token }),
    });
  const successor = await (await send()).json();
  assert.equal((await send()).status, 400);
  assert.equal(server.revokedSessions, 1);
  const refresher = createRefresher({ ...server.options, tokens: over(successor) });
  await assert.rejects(refresher.getAccessToken(), { code: "session_ended" });
});

test("a page that died in the middle of a refresh asks again at once where that is safe", async () => {
  const server = fakeAuthorizationServer({ reuse: { graceSeconds: 30 } });
  const storage = memoryStorage();
  const first = createRefresher({ ...server.options, storage, tokens: server.login(), retries: 0 });
  const token = await first.getAccessToken();
  server.next("lost-reply");
  await first.refresh().catch(() => {});
  first.close();
  assert.ok((await storage.load()).pending);
  const second = createRefresher({ ...server.options, storage });
  assert.equal(await second.getAccessToken(), token, "the access token is good, and served");
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(
    (await storage.load()).pending,
    undefined,
    "and the doubt is settled without waiting for its end",
  );
  assert.equal(server.revokedSessions, 0);
});

test("sign-out with revoke tells the server", async () => {
  const { server, refresher } = start();
  await refresher.getAccessToken();
  await refresher.signOut({ revoke: true });
  assert.equal(server.revoked.length, 1);
});

test("the client authenticates by Basic with its secret form-encoded", async () => {
  const { refresher } = start({ client_secret: "s3cret+/= &" });
  assert.ok(await refresher.getAccessToken());
});

test("no failure mode breaks the limit of token requests in a minute", async () => {
  const { server, refresher } = start({ accessTokenSeconds: 3600 });
  let rejected = await refresher.getAccessToken();
  const deadline = Date.now() + 3000;
  while (Date.now() < deadline) {
    const next = await refresher.getAccessToken({ rejected, timeoutSeconds: 0.2 }).catch(() => undefined);
    if (!next) break;
    rejected = next;
  }
  assert.ok(server.requests.length <= 21, `${server.requests.length} requests`);
});
