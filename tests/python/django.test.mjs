// Sessions at django-oauth-toolkit: rotation, a grace period in which a lost reply is requested again, and reuse protection, which ends
// the token family when a refresh token is replayed.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createRefresher } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";
import { record, until } from "../node/session.mjs";
import { client_secret, startDjango } from "./django.mjs";

const GRACE_SECONDS = 3;
const ROTATING = { ROTATE_REFRESH_TOKEN: true, ACCESS_TOKEN_EXPIRE_SECONDS: 3600 };

let strict, graceful;
before(async () => {
  // the first one creates the environment that the second one shares
  strict = await startDjango({
    ...ROTATING,
    REFRESH_TOKEN_GRACE_PERIOD_SECONDS: 0,
    REFRESH_TOKEN_REUSE_PROTECTION: true,
  });
  graceful = await startDjango({
    ...ROTATING,
    REFRESH_TOKEN_GRACE_PERIOD_SECONDS: GRACE_SECONDS,
    REFRESH_TOKEN_REUSE_PROTECTION: true,
  });
});
after(() => Promise.all([strict?.close(), graceful?.close()]));

/** A session at the server; the replies to the next `lost` token requests are lost. */
async function session(server, { tokens, storage = memoryStorage(), ...options } = {}) {
  const sent = [];
  const wire = { lost: 0 };
  const refresher = createRefresher({
    token_endpoint: server.token_endpoint,
    revocation_endpoint: server.revocation_endpoint,
    client_id: "public",
    storage,
    ...options,
    fetch: async (url, init) => {
      sent.push(new URLSearchParams(init.body).get("refresh_token"));
      const response = await fetch(url, init);
      if (wire.lost-- > 0) {
        await response.arrayBuffer();
        throw new TypeError("fetch failed");
      }
      return response;
    },
  });
  const events = record(refresher);
  if (tokens !== null) await refresher.setTokens(tokens ?? (await server.login()));
  return { refresher, storage, sent, wire, events };
}

const refreshToken = async (storage) => (await storage.load()).tokens.refresh_token;

test("every refresh rotates, and the replaced token is invalid", async () => {
  const { refresher, storage, sent } = await session(strict);
  for (let round = 0; round < 3; round++) await refresher.refresh();
  assert.equal(new Set([...sent, await refreshToken(storage)]).size, 4);
  assert.match(refresher.tokens.token_type, /^Bearer$/);
  assert.equal(await strict.refusal(sent[0]), "invalid_grant");
});

test("contexts that share a storage send one request per rotation, and no session is lost", async () => {
  const storage = memoryStorage();
  const first = await session(strict, { storage });
  const others = await Promise.all(
    Array.from({ length: 4 }, () => session(strict, { storage, tokens: null })),
  );
  const all = [first, ...others];
  for (let round = 1; round <= 3; round++) {
    await Promise.all(all.map(({ refresher }) => refresher.getTokens()));
    const rejected = first.refresher.tokens.access_token;
    const brought = await Promise.all(all.map(({ refresher }) => refresher.getAccessToken({ rejected })));
    assert.equal(new Set(brought).size, 1);
    assert.equal(all.flatMap(({ sent }) => sent).length, round);
  }
});

test("a refresh token that a copy replays ends the family, and both contexts are told", async () => {
  const tokens = await strict.login();
  const [owner, copy] = [await session(strict, { tokens }), await session(strict, { tokens })];
  await owner.refresher.refresh();
  const ended = { code: "session_ended", error: "invalid_grant", sessionEnded: true };
  await assert.rejects(copy.refresher.refresh(), ended);
  await assert.rejects(owner.refresher.refresh(), ended);
  assert.equal(owner.events.types().at(-1), "session-ended");
});

test("a reply lost within the grace period is requested again, and the session continues", async () => {
  const { refresher, storage, sent, wire, events } = await session(graceful, {
    reuse: { graceSeconds: GRACE_SECONDS },
  });
  wire.lost = 1;
  const before = await refreshToken(storage);
  await refresher.refresh();
  assert.deepEqual(sent, [before, before]);
  await refresher.refresh();
  assert.equal(sent.length, 3);
  assert.ok(!events.types().includes("session-ended"));
});

test("replies lost for longer than the grace period end the session with invalid_grant", async () => {
  const { refresher, storage, sent, wire } = await session(graceful, {
    tokens: { ...(await graceful.login()), expires_in: undefined, expires_at: 1 },
    reuse: { graceSeconds: GRACE_SECONDS },
    retries: 0,
  });
  wire.lost = Infinity;
  await assert.rejects(refresher.getTokens(), { sessionEnded: false, refreshTokenState: "unknown" });
  await delay(GRACE_SECONDS * 1000 + 1500);
  wire.lost = 0;
  await until(async () => (await refresher.getTokens().catch((error) => error)).code === "session_ended");
  assert.deepEqual([new Set(sent).size, await storage.load()], [1, null]);
});

test("without a grace period in the options a lost reply is not requested again without a call", async () => {
  const { refresher, sent, wire } = await session(graceful, {
    tokens: { ...(await graceful.login()), expires_in: undefined, expires_at: 1 },
  });
  wire.lost = 1;
  await assert.rejects(refresher.getTokens(), { code: "outcome_unknown", refreshTokenState: "unknown" });
  assert.equal(sent.length, 1);
  // a later call causes the probe, which is within this server's grace period
  await until(async () => (await refresher.getTokens().catch(() => null))?.access_token);
});

test("a sign-out revokes the refresh token at the server", async () => {
  const { refresher, storage } = await session(strict);
  await refresher.refresh();
  const last = await refreshToken(storage);
  await refresher.signOut({ revoke: true });
  assert.equal(await strict.refusal(last), "invalid_grant");
});

for (const clientAuth of ["client_secret_basic", "client_secret_post"])
  test(`a secret with special characters is accepted as ${clientAuth}`, async () => {
    const tokens = await strict.login("confidential");
    const client = { client_id: "confidential", client_secret, clientAuth };
    const { refresher, storage } = await session(strict, { tokens, ...client });
    await refresher.refresh();
    await refresher.refresh();
    assert.notEqual(await refreshToken(storage), tokens.refresh_token);
  });

test("a wrong secret is client_rejected and costs no token", async () => {
  for (const clientAuth of ["client_secret_basic", "client_secret_post"]) {
    const options = { client_id: "confidential", client_secret: "another", clientAuth };
    const { refresher, storage } = await session(strict, options);
    const before = await refreshToken(storage);
    await assert.rejects(refresher.refresh(), { code: "client_rejected", error: "invalid_client" });
    assert.equal(await refreshToken(storage), before);
  }
});
