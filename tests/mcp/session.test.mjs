// mcpSession between the SDKs, version 1 and 2, and a strict server: what reaches which server, and when a browser opens.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test as single } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { DpopSession } from "@modelcontextprotocol/client";
import { dpop } from "oauth-refresher/dpop";
import { lean } from "./cli.mjs";
import { busy, startAuthorization, tooMany } from "./servers/authorization.mjs";
import { startMcp } from "./servers/mcp.mjs";
import { both, stage } from "./stage.mjs";

/** Leaves the client with a token that has expired; the next one lives for an hour, so that a slow machine sees one refresh. */
async function expired({ authorization }, cli) {
  authorization.accessSeconds = 1;
  await (await cli.session.refresher()).refresh();
  authorization.accessSeconds = 3600;
  authorization.counts.refreshes = 0;
  await sleep(1100);
}
/** At the same time: they wait for tokens to expire. */
const tests = [];
const test = (name, run) => void tests.push([name, run]);
const five = (client) => Promise.all(Array.from({ length: 5 }, () => client.call()));

for (const sdk of both)
  for (const sse of [false, true])
    test(`${sdk}, ${sse ? "SSE" : "Streamable HTTP"}: five calls with an expired token cost one refresh, and none fails`, async (t) => {
      const { authorization, client } = await stage(t);
      const cli = await client({ sdk, sse });
      await cli.ready();
      for (let round = 1; round <= 2; round++) {
        await expired({ authorization }, cli);
        assert.deepEqual(await five(cli), Array(5).fill("echo"));
        assert.equal(authorization.counts.refreshes, 1, `round ${round}`);
      }
      assert.equal(cli.provider.opened.length, 1);
      assert.equal(authorization.counts.secondUses, 0);
    });

for (const sdk of both) {
  test(`${sdk}: a process that finds a session needs no login, whether or not the provider remembers the discovery`, async (t) => {
    const { authorization, mcp, client } = await stage(t);
    const first = await client({ sdk });
    await first.ready();
    for (const adapted of [(provider) => provider, lean]) {
      await expired({ authorization }, first);
      const cli = await client({ sdk, adapted });
      mcp.counts.refused = 0;
      assert.equal(await cli.call(), "echo");
      assert.deepEqual(cli.provider.opened, []);
      // without a discovery the first request is refused, and the SDK discovers
      assert.equal(mcp.counts.refused, adapted === lean ? 1 : 0);
    }
    assert.deepEqual([authorization.counts.logins, authorization.counts.registrations], [1, 1]);
  });

  test(`${sdk}: the SDK gets no refresh token, the provider no token, and every refresh names the resource`, async (t) => {
    const { authorization, mcp, folder, client } = await stage(t);
    const cli = await client({ sdk });
    await cli.ready();
    await expired({ authorization }, cli);
    await cli.call();
    const tokens = await cli.session.authProvider.tokens();
    assert.deepEqual(Object.keys(tokens).sort(), [
      "access_token",
      "expires_in",
      "issuer",
      "scope",
      "token_type",
    ]);
    assert.deepEqual(readdirSync(join(folder, "author")).sort(), ["client.json", "discovery.json"]);
    assert.ok(authorization.requests.some(({ grant_type }) => grant_type === "refresh_token"));
    for (const { resource } of authorization.requests) assert.equal(resource, mcp.url);
  });

  for (const isOneOrigin of [false, true])
    test(`${sdk}: discovery, registration and exchange go without the token, ${isOneOrigin ? "on one origin too" : "on two origins"}`, async (t) => {
      const { authorization, mcp, client } = await stage(t, { isOneOrigin });
      const cli = await client({ sdk });
      await cli.ready();
      await expired({ authorization }, cli);
      assert.equal(await cli.call(), "echo");
      const { access_token } = await cli.session.authProvider.tokens();
      authorization.endSessions();
      await assert.rejects(cli.call(), cli.isLoginWanted);
      await cli.logIn();
      assert.equal(await cli.call(), "echo");
      assert.deepEqual(authorization.strayTokens, []);
      assert.ok(mcp.tokensSeen.has(access_token));
      // and to no other origin
      const headers = { authorization: `Bearer ${(await cli.session.authProvider.tokens()).access_token}` };
      await assert.rejects(
        cli.session.fetch("https://elsewhere.example/", { headers }),
        /elsewhere\.example gets no access token/,
      );
    });

  test(`${sdk}: a server that is out of reach rejects the call with a retryable error and opens no browser`, async (t) => {
    const { authorization, client } = await stage(t);
    const cli = await client({ sdk });
    await cli.ready();
    for (const fault of [busy, tooMany]) {
      await expired({ authorization }, cli);
      authorization.faults = Array(8).fill(fault);
      await assert.rejects(cli.call(), (error) => error.code === "unavailable" && error.retryable);
      authorization.faults = [];
      await sleep(1100);
      await untilGood(cli);
    }
    assert.equal(cli.provider.opened.length, 1);
    assert.deepEqual([authorization.counts.logins, authorization.counts.secondUses], [1, 0]);
  });

  test(`${sdk}: access tokens that are revoked early cost one refresh for all calls, and no login`, async (t) => {
    const { authorization, client } = await stage(t);
    const cli = await client({ sdk });
    await cli.ready();
    authorization.rejectAccessTokens();
    assert.deepEqual(await five(cli), Array(5).fill("echo"));
    assert.deepEqual(
      [authorization.counts.refreshes, authorization.counts.logins, cli.provider.opened.length],
      [1, 1, 1],
    );
  });

  test(`${sdk}: a revocation while the authorization server is busy is a retryable error`, async (t) => {
    const { authorization, client } = await stage(t);
    const cli = await client({ sdk });
    await cli.ready();
    authorization.rejectAccessTokens();
    authorization.faults = Array(8).fill(busy);
    await assert.rejects(cli.call(), (error) => !cli.isLoginWanted(error));
    authorization.faults = [];
    await untilGood(cli);
    assert.equal(cli.provider.opened.length, 1);
  });

  test(`${sdk}: a session that the server ended opens a browser, and the login goes on`, async (t) => {
    const { authorization, client } = await stage(t);
    const cli = await client({ sdk });
    await cli.ready();
    await cli.call();
    await expired({ authorization }, cli);
    authorization.endSessions();
    // the calls learn of it together, and one browser is enough
    const calls = await Promise.allSettled(Array.from({ length: 3 }, () => cli.call()));
    assert.ok(calls.every(({ reason }) => cli.isLoginWanted(reason)));
    assert.equal(cli.provider.opened.length, 2);
    await cli.logIn();
    assert.equal(await cli.call(), "echo");
    assert.equal(authorization.counts.registrations, 1);
  });

  test(`${sdk}: a fresh token that the server refuses is the SDK's error and opens no browser`, async (t) => {
    const { authorization, mcp, client } = await stage(t);
    const cli = await client({ sdk });
    await cli.ready();
    mcp.isRefusing = true;
    await assert.rejects(cli.call(), /401/);
    mcp.isRefusing = false;
    assert.equal(await cli.call(), "echo");
    assert.equal(cli.provider.opened.length, 1);
    assert.ok(authorization.counts.refreshes <= 2, String(authorization.counts.refreshes));
  });

  test(`${sdk}: a code that is refused ends no session`, async (t) => {
    const { authorization, client } = await stage(t);
    const [one, other] = [await client({ sdk }), await client({ sdk })];
    await one.ready();
    await other.connect();
    const callback = new URLSearchParams({ code: "wrong", iss: authorization.issuer });
    const finished = sdk === "v1" ? one.transport.finishAuth("wrong") : one.transport.finishAuth(callback);
    await assert.rejects(finished, /invalid_grant|Existing|grant/i);
    await expired({ authorization }, one);
    assert.deepEqual([await one.call(), await other.call()], ["echo", "echo"]);
    assert.equal(authorization.counts.logins, 1);
  });

  test(`${sdk}: two servers in one folder have two sessions`, async (t) => {
    const { authorization, mcp, folder, client } = await stage(t);
    const second = await startMcp({ authorization });
    t.after(() => second.close());
    const [one, other] = [await client({ sdk }), await client({ sdk, server: second, name: "other" })];
    await one.ready();
    await other.ready();
    await expired({ authorization }, one);
    await expired({ authorization }, other);
    assert.deepEqual([await one.call(), await other.call()], ["echo", "echo"]);
    assert.equal(readdirSync(folder).filter((name) => /^[0-9a-f]{32}\.json$/.test(name)).length, 2);
    for (const token of mcp.tokensSeen) assert.ok(!second.tokensSeen.has(token));
    assert.equal(authorization.counts.secondUses, 0);
  });

  test(`${sdk}: a server that names another authorization server gets no token of the first one, even if the other claims to be the first`, async (t) => {
    const { authorization, mcp, client } = await stage(t);
    const first = await client({ sdk, adapted: lean });
    await first.ready();
    const evil = await startAuthorization();
    t.after(() => evil.close());
    evil.metadata = { issuer: authorization.issuer };
    mcp.authorization = evil;
    await expired({ authorization }, first);
    const cli = await client({ sdk, adapted: lean });
    // SDK 2 refuses such metadata, SDK 1 goes on to a login
    await assert.rejects(cli.call(), sdk === "v1" ? cli.isLoginWanted : /issuer/i);
    assert.deepEqual(evil.requests, []);
    assert.equal(authorization.counts.secondUses, 0);
  });

  test(`${sdk}: a scope that is missing leads to a login with more scope, and the session goes on with it`, async (t) => {
    const { authorization, client } = await stage(t);
    const cli = await client({ sdk });
    await cli.ready();
    await assert.rejects(cli.call("administer"), cli.isLoginWanted);
    assert.equal(authorization.counts.refreshes, 0);
    assert.match(cli.provider.opened.at(-1).searchParams.get("scope"), /mcp:read mcp:admin/);
    assert.equal(await cli.call(), "echo");
    await cli.logIn();
    await expired({ authorization }, cli);
    assert.deepEqual([await cli.call("administer"), await cli.call()], ["administer", "echo"]);
    assert.equal(authorization.counts.refreshes, 1);
  });

  test(`${sdk}: an authorization server that forgot the client gets a registration and a login`, async (t) => {
    const { authorization, client } = await stage(t);
    const cli = await client({ sdk });
    await cli.ready();
    await expired({ authorization }, cli);
    authorization.forgetClients();
    await assert.rejects(cli.call(), cli.isLoginWanted);
    assert.equal(authorization.counts.registrations, 2);
    await cli.logIn();
    assert.equal(await cli.call(), "echo");
  });

  test(`${sdk}: signOut ends the session for every process, at the server too`, async (t) => {
    const { authorization, client } = await stage(t);
    const [one, other] = [await client({ sdk }), await client({ sdk })];
    await one.ready();
    await other.connect();
    const { access_token } = await one.session.authProvider.tokens();
    await one.session.signOut({ revoke: true });
    assert.equal(await one.session.authProvider.tokens(), undefined);
    assert.equal(authorization.familyOf(access_token), undefined);
    await assert.rejects(other.call(), other.isLoginWanted);
  });

  test(`${sdk}: auth() of one's own finds the session by session.fetch; without it, it is told so, and no browser opens`, async (t) => {
    const { authorization, mcp, client } = await stage(t);
    const cli = await client({ sdk });
    await cli.ready();
    await expired({ authorization }, cli);
    const { authProvider, fetch: fetchFn, signOut } = (await client({ sdk, adapted: lean })).session;
    assert.equal(await cli.auth(authProvider, { serverUrl: mcp.url, fetchFn }), "AUTHORIZED");
    await assert.rejects(cli.auth(authProvider, { serverUrl: mcp.url }), /fetchFn: session\.fetch/);
    await signOut();
    assert.equal(await cli.auth(authProvider, { serverUrl: mcp.url }), "REDIRECT");
  });

  for (const own of sdk === "v2" ? [false, true] : [false])
    test(`${sdk}: ${own ? "the provider's own DPoP" : "DPoP"} binds the login, each refresh and each request, with nonces`, async (t) => {
      const { authorization, client } = await stage(t, {
        authorization: { bound: true, nonces: true },
      });
      const key = own ? await DpopSession.create() : undefined;
      const adapted = (provider) => Object.assign(provider, own && { dpop: () => key });
      const cli = await client({ sdk, adapted, ...(!own && { dpop: dpop() }) });
      await cli.ready();
      await expired({ authorization }, cli);
      assert.deepEqual(await five(cli), Array(5).fill("echo"));
      assert.equal((await cli.session.authProvider.tokens()).token_type, "DPoP");
      assert.equal(authorization.counts.refreshes, 1);
    });

  test(`${sdk}: after close nothing is sent with a token`, async (t) => {
    const { client } = await stage(t);
    const cli = await client({ sdk });
    await cli.ready();
    cli.session.close();
    await assert.rejects(cli.call(), { code: "closed" });
  });
}

/** What was refused as too early is asked again. */
async function untilGood(cli) {
  for (let tries = 0; ; tries++) {
    try {
      return await cli.call();
    } catch (error) {
      if (!error.retryable || tries === 40) throw error;
      await sleep(250);
    }
  }
}

describe("mcpSession", { concurrency: 6 }, () => {
  for (const [name, run] of tests) single(name, run);
});
