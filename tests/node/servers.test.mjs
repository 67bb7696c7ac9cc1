// The servers of tests/servers: oidc-provider with rotation, and the features of all four: faults, logs, fast time.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { startAll, startGoTo, startOidc } from "../servers/index.mjs";
import {
  assertRefused,
  formEncoded,
  go1Refresh,
  goToRefresh,
  oidcRefresh,
  use,
  vaultRefresh,
} from "./bare-requests.mjs";

let servers;

before(async () => {
  servers = await startAll();
});
after(() => servers.close());

const all = () => [servers.oidc, servers.go1, servers.goto, servers.vault];

// --- oidc-provider ---------------------------------------------------------------------------------------------------

for (const name of ["none", "basic", "post"]) {
  test(`oidc-provider rotates for the client ${name} and ends the family on a replay`, async () => {
    const first = await servers.oidc.mint(name);
    const second = await oidcRefresh(servers.oidc, name, first.refresh_token);
    assert.equal(second.status, 200);
    assert.notEqual(second.reply.refresh_token, first.refresh_token);
    assert.equal((await use(servers.oidc, second.reply.access_token)).status, 200);

    const revoked = servers.oidc.revokedFamilies.length;
    assertRefused(await oidcRefresh(servers.oidc, name, first.refresh_token), 400, "invalid_grant");
    assertRefused(await oidcRefresh(servers.oidc, name, second.reply.refresh_token), 400, "invalid_grant");
    const dead = await use(servers.oidc, second.reply.access_token);
    assert.match(dead.headers.get("www-authenticate"), /error="invalid_token"/);
    assert.equal(servers.oidc.revokedFamilies.length, revoked + 1);
    const [granted, reused] = servers.oidc.requests.slice(-3);
    assert.deepEqual([granted.client, granted.status, granted.rotated], [name, 200, true]);
    assert.deepEqual([reused.family, reused.refreshTokenNumber], [granted.family, 1]);
    assert.deepEqual([reused.outcome, reused.error], ["refused", "invalid_grant"]);
  });
}

test("oidc-provider refuses a Basic header that is not form-encoded", async () => {
  const { refresh_token } = await servers.oidc.mint("basic");
  assertRefused(
    await oidcRefresh(servers.oidc, "basic", refresh_token, { encode: (text) => text }),
    401,
    "invalid_client",
  );
  assert.equal(
    (await oidcRefresh(servers.oidc, "basic", refresh_token)).status,
    200,
    "the refusal spent no token",
  );
});

test("oidc-provider accepts a used refresh token again within its grace period", async () => {
  const lenient = await startOidc({ graceSeconds: 60 });
  try {
    const { refresh_token } = await lenient.mint("none");
    await oidcRefresh(lenient, "none", refresh_token);
    assert.equal((await oidcRefresh(lenient, "none", refresh_token)).status, 200);
    assert.deepEqual(lenient.revokedFamilies, []);
  } finally {
    await lenient.close();
  }
});

test("oidc-provider revokes a refresh token on request", async () => {
  const { refresh_token, access_token } = await servers.oidc.mint("none");
  const body = new URLSearchParams({ token: refresh_token, ...servers.oidc.clients.none });
  assert.equal((await fetch(servers.oidc.revocation_endpoint, { method: "POST", body })).status, 200);
  assertRefused(await oidcRefresh(servers.oidc, "none", refresh_token), 400, "invalid_grant");
  assert.equal((await use(servers.oidc, access_token)).status, 401);
});

test("oidc-provider publishes its endpoints", async () => {
  const response = await fetch(`${servers.oidc.issuer}/.well-known/openid-configuration`);
  const { issuer, token_endpoint, revocation_endpoint } = await response.json();
  const { oidc } = servers;
  assert.deepEqual(
    [issuer, token_endpoint, revocation_endpoint],
    [oidc.issuer, oidc.token_endpoint, oidc.revocation_endpoint],
  );
});

test("oidc-provider prints nothing", async () => {
  const program = `
    import { startOidc } from ${JSON.stringify(new URL("../servers/oidc.mjs", import.meta.url).href)};
    const server = await startOidc();
    const { refresh_token } = await server.mint("none");
    const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token, ...server.clients.none });
    await fetch(server.token_endpoint, { method: "POST", body, headers: { Origin: "http://127.0.0.1:1" } });
    await fetch(server.revocation_endpoint, { method: "POST", body: new URLSearchParams({ token: "x", ...server.clients.none }) });
    await server.close();
    process.exitCode = server.requests[0].status === 200 ? 0 : 1;`;
  const run = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
    timeout: 20_000,
  });
  assert.deepEqual([run.stdout, run.stderr], ["", ""]);
});

// --- all of them -----------------------------------------------------------------------------------------------------

test("a page may call every server and read its challenges", async () => {
  for (const server of all()) {
    const asked = { Origin: "http://127.0.0.1:1", "Access-Control-Request-Method": "POST" };
    const headers = {
      ...asked,
      "Access-Control-Request-Headers": "authorization,content-type,partnerid,granttype",
    };
    const preflight = await fetch(server.token_endpoint, { method: "OPTIONS", headers });
    assert.equal(preflight.status, 204, server.name);
    assert.match(preflight.headers.get("access-control-allow-headers"), /granttype/);
    const refused = await fetch(server.token_endpoint, { method: "POST", headers: { Origin: asked.Origin } });
    assert.ok(["*", asked.Origin].includes(refused.headers.get("access-control-allow-origin")), server.name);
    const { headers: exposing } = await use(server, "dead", { Origin: asked.Origin });
    assert.match(exposing.get("access-control-expose-headers"), /WWW-Authenticate, Retry-After, DPoP-Nonce/);
  }
});

test("an error at the server spends the refresh token only after the commit", async () => {
  for (const [fault, spent] of [
    ["500-before", false],
    ["500-after", true],
  ]) {
    const { refresh_token } = servers.go1.mint();
    servers.go1.faults.next = fault;
    assert.equal((await go1Refresh(servers.go1, { refresh_token })).status, 500);
    assert.equal((await go1Refresh(servers.go1, { refresh_token })).status, spent ? 400 : 200, fault);
  }
});

test("a lost reply spends the refresh token and is logged as granted", async () => {
  for (const [server, refreshed] of [
    [servers.go1, (refresh_token) => go1Refresh(servers.go1, { refresh_token })],
    [servers.oidc, (refresh_token) => oidcRefresh(servers.oidc, "post", refresh_token)],
  ]) {
    const { refresh_token } = await server.mint("post");
    server.faults.next = "lose-reply";
    await assert.rejects(refreshed(refresh_token), TypeError);
    const { fault, outcome, rotated } = server.requests.at(-1);
    assert.deepEqual({ fault, outcome, rotated }, { fault: "lose-reply", outcome: "granted", rotated: true });
    assertRefused(await refreshed(refresh_token), 400, "invalid_grant");
  }
});

test("faults come in their order, then the server works", async () => {
  servers.go1.faults.next = ["429", "html", "truncate", { name: "slow", delayMs: 50 }];
  const throttled = await go1Refresh(servers.go1);
  assert.deepEqual([throttled.status, throttled.headers.get("retry-after")], [429, "1"]);
  assert.match((await go1Refresh(servers.go1)).text, /^<!doctype html>/);
  await assert.rejects(go1Refresh(servers.go1), TypeError);
  const startedMs = performance.now();
  assert.equal((await go1Refresh(servers.go1)).status, 200);
  assert.ok(performance.now() - startedMs >= 45);
  assert.deepEqual(servers.go1.faults.next, []);
  assert.throws(() => (servers.go1.faults.next = "earthquake"), /unknown fault earthquake; write one of /);
});

test("a server closes at once although a reply hangs", async () => {
  const server = await startGoTo();
  server.faults.always = "hang";
  const hanging = goToRefresh(server, { refresh_token: server.mint().refresh_token });
  const rejected = assert.rejects(hanging, TypeError);
  for (let tries = 0; server.requests.length === 0 && tries < 400; tries += 1) await delay(5);
  await server.close();
  await rejected;
});

test("an administrator can end every session and refuse access tokens early", async () => {
  for (const server of all()) {
    const first = await server.mint("none");
    server.rejectAccessTokens();
    assert.equal((await use(server, first.access_token)).status, 401, server.name);
    const second = await server.mint("none");
    assert.equal((await use(server, second.access_token)).status, 200, server.name);
    server.endSessions();
    assert.equal((await use(server, second.access_token)).status, 401, server.name);
  }
  const { refresh_token } = servers.vault.mint();
  servers.vault.endSessions();
  assertRefused(await vaultRefresh(servers.vault, refresh_token), 400, "invalid_grant");
});

test("in fast time lifetimes are shorter and the clock can jump", async () => {
  const fast = await startGoTo({ secondsPerHour: 2 });
  try {
    const minted = fast.mint();
    assert.equal(minted.expires_in, 2);
    fast.passHours(0.9);
    assert.equal((await use(fast, minted.access_token)).status, 200);
    fast.passHours(30 * 24);
    const { reply } = await goToRefresh(fast, { refresh_token: minted.refresh_token });
    assert.notEqual(reply.refresh_token, minted.refresh_token);
  } finally {
    await fast.close();
  }
});

test("no log and no refusal holds a token or a secret", async () => {
  const { go1, goto, vault, oidc } = servers;
  const tokens = [go1, goto, vault].map((server) => server.mint().refresh_token);
  const replies = [
    await go1Refresh(servers.go1, { refresh_token: tokens[0] }, { form: { [tokens[0]]: "x" } }),
    await goToRefresh(servers.goto, { refresh_token: tokens[1] }, { encode: formEncoded }),
    await vaultRefresh(servers.vault, tokens[2], { member: { [tokens[2]]: "x" } }),
  ];
  const said = JSON.stringify([...replies.map(({ text }) => text), ...all().map(({ requests }) => requests)]);
  const logged = JSON.stringify([go1.violations, goto.violations, vault.violations]);
  for (const secret of [
    ...tokens,
    go1.client.client_secret,
    goto.client.client_secret,
    oidc.clients.post.client_secret,
  ]) {
    for (let i = 0; i + 8 <= secret.length; i += 1) {
      const piece = JSON.stringify(secret.slice(i, i + 8)).slice(1, -1);
      assert.ok(!said.includes(piece) && !logged.includes(piece));
    }
  }
});
