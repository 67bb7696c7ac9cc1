// mcpSession when a login is wanted and calls, processes and callers do not come at the same time: one registration, one browser, and what
// one of them brought is for all.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test as single } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { StreamableHTTPClientTransport as TransportV2 } from "@modelcontextprotocol/client";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { fileLock } from "oauth-refresher/storage/node";
import { lean } from "./cli.mjs";
import { both, stage } from "./stage.mjs";

const tests = [];
const test = (name, run) => void tests.push([name, run]);
const five = (client) => Promise.allSettled(Array.from({ length: 5 }, () => client.call()));
const refusedCode = (sdk, { transport }, iss) =>
  sdk === "v1"
    ? transport.finishAuth("wrong")
    : transport.finishAuth(new URLSearchParams({ code: "wrong", iss }));

async function expired({ authorization }, cli) {
  authorization.accessSeconds = 1;
  await (await cli.session.refresher()).refresh();
  authorization.accessSeconds = 3600;
  await sleep(1100);
}

for (const sdk of both) {
  test(`${sdk}: calls that learn of an ended session one after the other open one browser, and its login goes on`, async (t) => {
    const { authorization, mcp, client } = await stage(t);
    let answers = 0;
    const late = async (url, init) => {
      const response = await fetch(url, init);
      if (String(url) === mcp.url) await sleep(80 * (answers++ % 5));
      return response;
    };
    const cli = await client({ sdk, fetch: late });
    await cli.ready();
    await expired({ authorization }, cli);
    authorization.endSessions();
    const calls = await five(cli);
    assert.ok(calls.every(({ reason }) => cli.isLoginWanted(reason)));
    assert.equal(cli.provider.opened.length, 2);
    await cli.logIn();
    assert.equal(await cli.call(), "echo");
  });

  test(`${sdk}: the state that the provider made last is the one in the browser`, async (t) => {
    const { authorization, client } = await stage(t);
    let last = 0;
    const cli = await client({ sdk, adapted: (own) => Object.assign(own, { state: () => `${++last}` }) });
    await cli.ready();
    await expired({ authorization }, cli);
    authorization.endSessions();
    await five(cli);
    assert.equal(cli.provider.opened.at(-1).searchParams.get("state"), String(last));
  });

  test(`${sdk}: five calls of a client that the authorization server forgot register once, and the browser has the new client`, async (t) => {
    const { authorization, client } = await stage(t);
    const slow = (own) => {
      const known = own.clientInformation.bind(own);
      let reads = 0;
      return Object.assign(own, {
        clientInformation: async () => sleep(5 + 7 * (reads++ % 4)).then(known),
      });
    };
    for (const adapted of [(own) => own, slow]) {
      const cli = await client({ sdk, adapted, name: adapted.name });
      await cli.ready();
      await expired({ authorization }, cli);
      authorization.forgetClients();
      authorization.counts.registrations = 0;
      await five(cli);
      assert.equal(authorization.counts.registrations, 1);
      const { client_id } = await cli.provider.clientInformation();
      assert.deepEqual(
        cli.provider.opened.slice(1).map(({ searchParams }) => searchParams.get("client_id")),
        [client_id],
      );
      await cli.logIn();
      assert.equal(await cli.call(), "echo");
    }
  });

  test(`${sdk}: after a code that was refused, and after a discovery that failed, each new attempt opens a browser`, async (t) => {
    const { authorization, client } = await stage(t);
    let isAway = false;
    const cli = await client({
      sdk,
      fetch: async (url, init) =>
        isAway && String(url).includes("oauth-authorization-server")
          ? new Response("", { status: 503 })
          : fetch(url, init),
    });
    isAway = true;
    await assert.rejects(cli.connect(), /503/);
    isAway = false;
    for (let attempts = 1; attempts <= 3; attempts++) {
      await assert.rejects(cli.connect(), cli.isLoginWanted);
      assert.equal(cli.provider.opened.length, attempts);
      await assert.rejects(refusedCode(sdk, cli, authorization.issuer));
    }
  });

  test(`${sdk}: auth() of one's own finds the session when the provider remembers the discovery, and asks nothing`, async (t) => {
    const { mcp, client } = await stage(t);
    const cli = await client({ sdk });
    await cli.ready();
    const asked = [];
    const other = await client({ sdk, fetch: (url, init) => (asked.push(String(url)), fetch(url, init)) });
    const { authProvider, fetch: fetchFn } = other.session;
    assert.equal(await cli.auth(authProvider, { serverUrl: mcp.url, fetchFn }), "AUTHORIZED");
    assert.deepEqual(asked, []);
    await assert.rejects(cli.auth(authProvider, { serverUrl: mcp.url }), /fetchFn: session\.fetch/);
  });

  test(`${sdk}: auth() of one's own finds the session that another process brought while its browser was open`, async (t) => {
    const { mcp, client } = await stage(t);
    const [one, other] = [await client({ sdk }), await client({ sdk })];
    const own = () => one.auth(one.session.authProvider, { serverUrl: mcp.url, fetchFn: one.session.fetch });
    assert.equal(await own(), "REDIRECT");
    await other.ready();
    assert.equal(await own(), "AUTHORIZED");
  });

  test(`${sdk}: a step-up of one process is adopted by another that holds the old token`, async (t) => {
    const { authorization, client } = await stage(t);
    const [one, other] = [await client({ sdk }), await client({ sdk })];
    await one.ready();
    await other.call();
    await assert.rejects(one.call("administer"), one.isLoginWanted);
    await one.logIn();
    assert.equal(await other.call("administer"), "administer");
    assert.deepEqual([other.provider.opened.length, authorization.counts.refreshes], [0, 0]);
  });

  test(`${sdk}: of three processes that want more scope at once, one opens a browser`, async (t) => {
    const { folder, client } = await stage(t);
    const three = [];
    for (let i = 0; i < 3; i++)
      three.push(await client({ sdk, loginLock: fileLock(join(folder, "login.lock")) }));
    for (const cli of three) await cli.ready();
    const administered = async (cli) => {
      const wanted = await cli.call("administer").catch((error) => error);
      if (!cli.isLoginWanted(wanted)) return wanted;
      await cli.logIn();
      return cli.call("administer");
    };
    assert.deepEqual(await Promise.all(three.map(administered)), Array(3).fill("administer"));
    assert.equal(three.flatMap(({ provider }) => provider.opened).length, 2);
  });

  test(`${sdk}: a scope that the SDK does not ask for opens no browser later`, async (t) => {
    const { mcp, client } = await stage(t);
    const cli = await client({ sdk });
    await cli.ready();
    // SDK 1 asks once for the same scope, SDK 2 each time
    for (let i = 0; i < 3; i++) await assert.rejects(cli.call("administer"));
    const before = cli.provider.opened.length;
    await sleep(400);
    mcp.isRefusing = true;
    await assert.rejects(cli.call(), /401/);
    assert.equal(cli.provider.opened.length, before);
  });

  test(`${sdk}: a login that ends in another process ends the wait of a third`, async (t) => {
    const { folder, mcp, client } = await stage(t);
    let verifier;
    const shared = (own) =>
      Object.assign(own, {
        saveCodeVerifier: (text) => void (verifier = text),
        codeVerifier: () => verifier,
      });
    const of = () => client({ sdk, adapted: shared, loginLock: fileLock(join(folder, "login.lock")) });
    const [one, redirected, third] = [await of(), await of(), await of()];
    await assert.rejects(one.connect(), one.isLoginWanted);
    const waits = third.call();
    const { headers } = await fetch(one.provider.opened[0], { redirect: "manual" });
    const params = new URL(headers.get("location")).searchParams;
    const Transport = sdk === "v1" ? TransportV1 : TransportV2;
    const transport = new Transport(new URL(mcp.url), redirected.session);
    await transport.finishAuth(sdk === "v1" ? params.get("code") : params);
    assert.equal(await waits, "echo");
    assert.equal(await one.call(), "echo");
    assert.deepEqual(
      [one, third].map(({ provider }) => provider.opened.length),
      [1, 0],
    );
  });

  test(`${sdk}: metadata of the resource that is away is a retryable error, and opens no browser`, async (t) => {
    const { client } = await stage(t, { isOneOrigin: true });
    const first = await client({ sdk, adapted: lean });
    await first.ready();
    let isAway = true;
    const cli = await client({
      sdk,
      adapted: lean,
      fetch: async (url, init) =>
        isAway && String(url).includes("oauth-protected-resource")
          ? new Response("", { status: 503 })
          : fetch(url, init),
    });
    await assert.rejects(cli.call(), { code: "unavailable", retryable: true });
    isAway = false;
    assert.equal(await cli.call(), "echo");
    assert.deepEqual(cli.provider.opened, []);
  });

  test(`${sdk}: a call that waits for a refresh of a client that was replaced goes on with the new one`, async (t) => {
    const { authorization, client } = await stage(t);
    const cli = await client({ sdk });
    await cli.ready();
    await expired({ authorization }, cli);
    authorization.faults = [{ after: (res, send) => setTimeout(send, 600) }];
    const call = cli.call();
    await sleep(200);
    const other = { ...cli.provider.clientInformation(), client_id: "other" };
    authorization.register(other);
    await cli.session.authProvider.saveClientInformation(other);
    await cli.session.authProvider.tokens();
    await assert.rejects(call, cli.isLoginWanted);
  });

  test(`${sdk}: four calls of one process that want more scope at once open one browser`, async (t) => {
    const { client } = await stage(t);
    const cli = await client({ sdk });
    await cli.ready();
    await Promise.allSettled(Array.from({ length: 4 }, () => cli.call("administer")));
    assert.equal(cli.provider.opened.length, 2);
    await cli.logIn();
    assert.equal(await cli.call("administer"), "administer");
  });

  test(`${sdk}: close before the first connection opens no browser`, async (t) => {
    const { client } = await stage(t);
    const cli = await client({ sdk });
    cli.session.close();
    await assert.rejects(cli.connect(), { code: "closed" });
    assert.deepEqual(cli.provider.opened, []);
  });
}

test("a login limit that is longer than a timer can be is no limit", async (t) => {
  const { folder, client } = await stage(t);
  const of = () =>
    client({ sdk: "v1", loginLock: fileLock(join(folder, "login.lock")), loginTimeoutSeconds: 3e6 });
  const [one, other] = [await of(), await of()];
  await assert.rejects(one.connect(), one.isLoginWanted);
  const waits = other.connect();
  assert.equal(await Promise.race([waits.catch(String), sleep(800, "waits")]), "waits");
  await one.logIn();
  await waits;
});

describe("mcpSession, when a login is wanted", { concurrency: 6 }, () => {
  for (const [name, run] of tests) single(name, run);
});

single("a call that waited for longer than an SDK does opens no browser, and the next one does", async () => {
  const { loginTurns } = await import(new URL("login.js", import.meta.resolve("oauth-refresher/mcp")));
  let grant;
  const lock = (work) => new Promise((resolve) => (grant = () => resolve(work())));
  const turns = loginTurns(lock, 300);
  const now = performance.now;
  try {
    const late = turns.adopted(undefined, async () => false);
    await new Promise(setImmediate);
    performance.now = () => now.call(performance) + 61_000;
    grant();
    await assert.rejects(late, { code: "lock_timeout", retryable: true });
    const next = turns.adopted(undefined, async () => false);
    await new Promise(setImmediate);
    grant();
    assert.equal(await next, false);
  } finally {
    performance.now = now;
    turns.end();
  }
});
