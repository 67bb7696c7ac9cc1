// A host and a page at the two ends of a MessageChannel in Node: everything that crosses the port. Access tokens cross it on purpose, so the
// listener of tests/leaks is not here; no message of the host may hold a refresh token.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { connectRefresher, RefreshError } from "oauth-refresher/client";
import { hostRefresher, serve } from "oauth-refresher/host";
import { memoryStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";

const toClose = [];
afterEach(() => toClose.splice(0).forEach((it) => it.close()));

function pair({ connect, reuse, ...options } = {}) {
  const server = fakeAuthorizationServer({ reuse });
  const tokens = server.login();
  const host = hostRefresher({
    token_endpoint: server.token_endpoint,
    client_id: server.client_id,
    storage: memoryStorage(),
    // slow enough for a message to arrive meanwhile
    fetch: async (...given) => (await delay(300), server.fetch(...given)),
    tokens,
    ...options,
  });
  const { port1, port2 } = new MessageChannel();
  serve(host, port1);
  const said = [];
  port2.addEventListener("message", ({ data }) => said.push(JSON.stringify(data)));
  const page = connectRefresher(port2, connect);
  toClose.push(page, host, port1, port2);
  return { server, host, page, tokens, port1, port2, said };
}

test("a page gets the host's access token, and a refresh happens once for both", async () => {
  const { page, host, server, tokens, said } = pair();
  assert.equal(await page.getAccessToken(), tokens.access_token);
  const [one, other] = await Promise.all([page.refresh(), host.refresh()]);
  assert.equal(one.access_token, other.access_token);
  assert.equal(server.requests.length, 1);
  assert.equal(page.tokens.access_token, one.access_token);
  assert.equal(page.state, "active");
  assert.equal("refresh_token" in page.tokens, false);
  assert.ok(Object.isFrozen(page.tokens));
  assert.ok(said.length > 2);
  assert.equal(said.filter((message) => message.includes('refresh_token":')).length, 0);
  assert.equal(said.filter((message) => message.includes(tokens.refresh_token)).length, 0);
});

test("a fresh token is answered in the page without a message", async () => {
  const { page, port1 } = pair();
  await page.getAccessToken();
  port1.close();
  assert.equal(typeof (await page.getAccessToken()), "string");
});

test("events cross the port after the page's tokens are the new ones", async () => {
  const { page, host } = pair();
  await page.getAccessToken();
  const changed = new Promise((resolve) =>
    page.addEventListener("token-changed", ({ detail }) => resolve([detail, page.tokens]), { once: true }),
  );
  const tokens = await host.refresh();
  const [detail, seen] = await changed;
  assert.equal(detail.source, "refresh");
  assert.equal(detail.tokens.access_token, tokens.access_token);
  assert.equal(seen.access_token, tokens.access_token);
});

test("a sign-out of the page ends the session of the host", async () => {
  const { page, host } = pair();
  await page.getAccessToken();
  await page.signOut();
  assert.equal(host.state, "signed-out");
  assert.equal(page.state, "signed-out");
  await assert.rejects(page.getAccessToken(), (error) => {
    assert.ok(error instanceof RefreshError);
    assert.equal(error.code, "signed_out");
    assert.match(error.message, /log in/);
    return true;
  });
});

test("tokens of a login cross the port, and the refresh token does not come back", async () => {
  const { page, server } = pair({ tokens: undefined });
  const given = await page.setTokens(server.login());
  assert.equal("refresh_token" in given, false);
  assert.equal(await page.getAccessToken(), given.access_token);
});

test("an aborted call rejects with its signal's reason, and the refresh goes on in the host", async () => {
  const { page, host, server } = pair();
  const before = await page.getAccessToken();
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  await assert.rejects(page.refresh({ signal }), reason);
  const later = new AbortController();
  const call = page.refresh({ signal: later.signal });
  later.abort(reason);
  await assert.rejects(call, reason);
  const after = await host.getAccessToken({ rejected: before });
  assert.notEqual(after, before);
  assert.equal(server.requests.length, 1);
});

test("a page's fetch keeps the 401 where keepRejectedResponse of the host says so, and else rejects as its refresh did", async () => {
  const { fetch } = globalThis;
  const api = "https://api.example";
  globalThis.fetch = async (input) => new Response("", { status: String(input).startsWith(api) ? 401 : 503 });
  try {
    for (const keepRejectedResponse of [true, false, undefined]) {
      const { page } = pair({ fetch: undefined, origins: [api], retries: 0, keepRejectedResponse });
      const asked = page.fetch(`${api}/me`);
      if (keepRejectedResponse) assert.equal((await asked).status, 401);
      else await assert.rejects(asked, { code: "unavailable", status: 503 });
    }
  } finally {
    globalThis.fetch = fetch;
  }
});

test("a closed page rejects with closed, and the host goes on", async () => {
  const { page, host } = pair();
  await page.getAccessToken();
  page.close();
  await assert.rejects(page.getAccessToken(), { code: "closed" });
  assert.equal(typeof (await host.getAccessToken()), "string");
});

test("methods may be taken off the page's refresher and called alone", async () => {
  const { getAccessToken, getTokens, signOut } = pair().page;
  assert.equal(await getAccessToken(), (await getTokens()).access_token);
  await signOut();
});

test("a host of another version parts, and the fallback takes over", async () => {
  const { port1, port2 } = new MessageChannel();
  toClose.push(port1, port2);
  port1.addEventListener("message", () => port1.postMessage({ "oauth-refresher": 99, say: "welcome" }));
  port1.start();
  const server = fakeAuthorizationServer();
  const fallback = () =>
    hostRefresher({
      token_endpoint: server.token_endpoint,
      client_id: server.client_id,
      fetch: server.fetch,
      tokens: server.login(),
    });
  const page = connectRefresher(port2, { fallback });
  toClose.push(page);
  assert.equal(typeof (await page.getAccessToken()), "string");
  assert.equal(page.state, "active");
});

test("a host of another version is an error that says so, where there is no fallback", async () => {
  const { port1, port2 } = new MessageChannel();
  toClose.push(port1, port2);
  port1.addEventListener("message", () => port1.postMessage({ "oauth-refresher": 99, say: "welcome" }));
  port1.start();
  const page = connectRefresher(port2);
  toClose.push(page);
  await assert.rejects(page.getAccessToken(), { code: "engine_failed", message: /another version/ });
});

test("a silent host is given up, the pending call goes to the fallback, and no caller hangs", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const { port1, port2 } = new MessageChannel();
  toClose.push(port1, port2);
  const server = fakeAuthorizationServer();
  const options = { token_endpoint: server.token_endpoint, client_id: server.client_id, fetch: server.fetch };
  const page = connectRefresher(port2, {
    fallback: () => hostRefresher({ ...options, tokens: server.login() }),
  });
  toClose.push(page);
  const call = page.getAccessToken();
  for (let beat = 0; beat < 4; beat++) t.mock.timers.tick(1000);
  assert.equal(typeof (await call), "string");
});

test("a host that died is made anew once by the function, and says again what was pending", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const { host } = pair();
  const dead = new MessageChannel();
  const alive = new MessageChannel();
  toClose.push(dead.port1, dead.port2, alive.port1, alive.port2);
  serve(host, alive.port1);
  const ports = [dead.port2, alive.port2];
  const page = connectRefresher(() => ports.shift());
  toClose.push(page);
  const call = page.getAccessToken();
  for (let beat = 0; beat < 4; beat++) t.mock.timers.tick(1000);
  assert.equal(await call, await host.getAccessToken());
});

test("a page repeats no request with the token of another person who logged in meanwhile", async (t) => {
  const api = "https://api.example";
  const { page, host } = pair({ fetch: undefined, origins: [api] });
  const sent = [];
  t.mock.method(globalThis, "fetch", async (_target, { headers }) => {
    sent.push(new Headers(headers).get("authorization"));
    await host.setTokens({ access_token: "of another person", expires_in: 3600 });
    return new Response("", { status: 401 });
  });
  const response = await page.fetch(`${api}/notes`, { method: "POST", body: "of the first person" });
  assert.equal(response.status, 401);
  assert.equal(sent.length, 1);
  assert.equal(await page.getAccessToken(), "of another person");
});

/** A line behind which the browser starts the worker again: `restart()` takes the page to the other host. */
function line(...hosts) {
  const { port1, port2 } = new MessageChannel();
  const lives = hosts.map((host) => {
    const { port1: ours, port2: its } = new MessageChannel();
    serve(host, its);
    ours.start();
    toClose.push(ours, its);
    return ours;
  });
  let life = 0;
  lives.forEach((ours, number) =>
    ours.addEventListener("message", ({ data }) => {
      if (number === life) port1.postMessage({ ...data, host: number + 1 });
    }),
  );
  port1.addEventListener("message", ({ data }) => lives[life].postMessage(data));
  port1.start();
  toClose.push(port1, port2);
  return { port: port2, restart: () => (life += 1) };
}

test("a worker that the browser starts again behind the same line is told what was pending", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const first = pair({ fetch: () => new Promise(() => {}) });
  const second = pair();
  const { port, restart } = line(first.host, second.host);
  const page = connectRefresher(port);
  toClose.push(page);
  const call = page.refresh();
  await delay(50);
  restart();
  t.mock.timers.tick(2000);
  assert.equal((await call).access_token, await second.host.getAccessToken());
  assert.equal(second.server.requests.length, 1);
});

test("a request that a host had when it ended is not sent again: it rejects as one that failed on its way", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const api = "https://api.example";
  const sent = [];
  const fetch = (each) => async (url, init) => {
    if (!String(url).startsWith(api)) return each.server.fetch(url, init);
    sent.push(url);
    return new Promise(() => {});
  };
  const hosts = [{}, {}];
  for (const each of hosts)
    Object.assign(each, pair({ fetch: (...given) => fetch(each)(...given), origins: [api] }));
  const { port, restart } = line(...hosts.map(({ host }) => host));
  const page = connectRefresher(port, { fetchIn: "host" });
  toClose.push(page);
  const call = page.fetch(`${api}/orders`, { method: "POST", body: "one" });
  await delay(200);
  restart();
  t.mock.timers.tick(2000);
  await assert.rejects(call, { name: "TypeError", message: /host ended/ });
  assert.equal(sent.length, 1);
});

test("the cause of an error crosses the port, and is not in what is logged", async () => {
  const { page } = pair({
    retries: 0,
    fetch: async () => Promise.reject(new TypeError("the cable is out")),
  });
  const error = await page.refresh().catch((error) => error);
  assert.equal(error.code, "outcome_unknown");
  assert.equal(error.cause.message, "the cable is out");
  assert.doesNotMatch(JSON.stringify(error), /cable/);
});

test("a page that comes after the host's first read has a first read of its own, with its event", async () => {
  const { host, page } = pair();
  await page.getAccessToken();
  const { port1, port2 } = new MessageChannel();
  serve(host, port1);
  const second = connectRefresher(port2);
  toClose.push(second, port1, port2);
  const changes = [];
  second.addEventListener("state-changed", ({ detail }) => changes.push(detail));
  await second.load();
  assert.deepEqual(changes, [{ state: "active", previous: "unknown" }]);
  await second.signOut();
  assert.deepEqual(changes.slice(1), [{ state: "signed-out", previous: "active" }]);
  assert.equal(second.state, "signed-out");
});
