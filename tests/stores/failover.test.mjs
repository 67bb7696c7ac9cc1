// A Redis whose replica takes over without the last write: its replication is asynchronous. What is stored then is a refresh token that
// was used; whether that costs the session is the authorization server's word, and `reuse` says it.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { redisStorage } from "oauth-refresher/storage/redis";
import { startOidc } from "../servers/oidc.mjs";
import { redisClients } from "./clients.mjs";
import { startRedis } from "./redis-server.mjs";

const ACCESS_TOKEN_SECONDS = 3;
const GRACE_SECONDS = 60;

test("a_failover_that_loses_a_rotation_ends_a_session_of_one_time_tokens_and_everybody_is_told_so", () =>
  afterFailover({}, async ({ oidc, one, two }) => {
    const reasons = await Promise.all([two, one].map((refresher) => untilRefused(refresher)));
    for (const { code } of reasons) assert.ok(["session_ended", "signed_out"].includes(code), code);
    assert.deepEqual(
      oidc.requests.map(({ outcome }) => outcome),
      ["granted", "refused"],
      "the used token is sent once, by who could not know",
    );
  }));

test("where_the_authorization_server_grants_a_grace_period_a_failover_that_loses_a_rotation_costs_nothing", () =>
  afterFailover({ graceSeconds: GRACE_SECONDS }, async ({ oidc, one, two }) => {
    const end = Date.now() + 2 * ACCESS_TOKEN_SECONDS * 1000;
    while (Date.now() < end) {
      for (const refresher of [two, one]) assert.ok(await refresher.getAccessToken());
      await paused(100);
    }
    assert.ok(oidc.requests.length >= 3);
    assert.ok(oidc.requests.every(({ outcome }) => outcome === "granted"));
    assert.equal(oidc.revokedFamilies.length, 0);
  }));

/** Two processes' refreshers, after a rotation that the replica never heard of. */
async function afterFailover({ graceSeconds }, claim) {
  const oidc = await startOidc({ accessTokenSeconds: ACCESS_TOKEN_SECONDS, graceSeconds });
  const [primary, replica] = await Promise.all([startRedis(), startRedis()]);
  let current = primary;
  const connections = [];
  /** As a client behind a name that is moved to another server. */
  async function client() {
    const by = new Map();
    for (const server of [primary, replica]) {
      const opened = await redisClients["ioredis 6"](server.port);
      connections.push(opened);
      by.set(server, opened.client);
    }
    return { defineCommand() {}, eval: (...given) => by.get(current).eval(...given) };
  }
  const refresher = async () =>
    createRefresher({
      token_endpoint: oidc.token_endpoint,
      client_id: oidc.clients.none.client_id,
      storage: redisStorage(await client(), "app:session"),
      ...(graceSeconds && { reuse: { graceSeconds } }),
    });
  const refreshers = await Promise.all([refresher(), refresher()]);
  try {
    const [one, two] = refreshers;
    await replica.command("replicaof", "127.0.0.1", String(primary.port));
    await one.setTokens(await oidc.mint("none"));
    const { refresh_token } = await two.getTokens().then(() => stored(primary));
    while ((await stored(replica))?.refresh_token !== refresh_token) await paused(20);
    await replica.command("replicaof", "no", "one");
    await paused(ACCESS_TOKEN_SECONDS * 1000);
    await one.getAccessToken();
    assert.notEqual((await stored(primary)).refresh_token, refresh_token);
    await primary.stop();
    current = replica;
    await claim({ oidc, one, two });
  } finally {
    refreshers.forEach((one) => one.close());
    await Promise.all(connections.map(({ close }) => close()));
    await Promise.all([replica.close(), primary.close()]);
    await oidc.close();
  }
}

async function stored(server) {
  const text = await server.command("hget", "app:session", "record");
  return text && JSON.parse(text).tokens;
}

async function untilRefused(refresher) {
  for (const end = Date.now() + 20_000; ; await paused(100)) {
    try {
      await refresher.getAccessToken();
      assert.ok(Date.now() < end, "it goes on");
    } catch (error) {
      return error;
    }
  }
}

const paused = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
