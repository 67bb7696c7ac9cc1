// What a page hands in to its host by mistake, and a fallback: each is told in words, and the line goes on. Access tokens cross the port on
// purpose, so the listener of tests/leaks is not here.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { connectRefresher } from "oauth-refresher/client";
import { hostRefresher, serve } from "oauth-refresher/host";
import { fakeAuthorizationServer } from "oauth-refresher/testing";

const toClose = [];
afterEach(() => toClose.splice(0).forEach((it) => it.close()));

function pair() {
  const server = fakeAuthorizationServer();
  const host = hostRefresher({ ...server.options, tokens: server.login() });
  const { port1, port2 } = new MessageChannel();
  serve(host, port1);
  const page = connectRefresher(port2);
  toClose.push(page, host, port1, port2);
  return { server, host, page };
}

test("what connectRefresher cannot use is refused by name and value", () => {
  const { port1, port2 } = new MessageChannel();
  toClose.push(port1, port2);
  for (const [options, wrong] of [
    [{ fallbck: () => {} }, "fallbck"],
    [{ fetchIn: "hots" }, "fallback undefined, fetchIn hots"],
    [{ fetchIn: null }, "fallback undefined, fetchIn null"],
    [{ fallback: {} }, "fallback object, fetchIn page"],
  ])
    assert.throws(() => connectRefresher(port2, options), {
      name: "TypeError",
      message: `write fallback: a function, fetchIn: page or host, not ${wrong}`,
    });
});

test("serve names a port that is none", () => {
  const { host } = pair();
  assert.throws(() => serve(host), {
    name: "TypeError",
    message: "serve: port must be a MessagePort or a Worker (given: undefined)",
  });
});

test("a target that is none is told in words", async () => {
  for (const target of [undefined, null, "/session.js", Promise.resolve(), () => undefined]) {
    const page = connectRefresher(target);
    toClose.push(page);
    await assert.rejects(page.getAccessToken(), {
      code: "engine_failed",
      message: /\(no host: write a Worker, SharedWorker, ServiceWorkerRegistration or MessagePort\)$/,
    });
  }
});

test("what a call asks for is checked by the host, with a fresh token in the page too", async () => {
  const { page, server } = pair();
  await page.getAccessToken();
  for (const [call, message] of [
    [() => page.getAccessToken({ minValidity: 3 }), /^minValidity is no option/],
    [() => page.refresh({ timeoutSeconds: 30_000 }), /^timeoutSeconds must be .*3600 at most/],
    [() => page.load({ timeoutSeconds: 3 }), /^timeoutSeconds is no option/],
    [() => page.signOut({ revok: true }), /^revok is no option: write one of revoke$/],
    [() => page.setTokens(new Response("{}")), /^tokens must be the token endpoint's reply/],
    [() => page.setTokens(Promise.resolve(server.login())), /^tokens must be the token endpoint's reply/],
    [() => page.setTokens("a-token"), /^tokens must be the token endpoint's reply/],
  ])
    await assert.rejects(call, { name: "TypeError", message });
  assert.equal(page.state, "active");
  assert.equal(server.requests.length, 0);
});

test("a call that cannot be copied rejects alone, and is not said to the next host", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const { host } = pair();
  const lines = [new MessageChannel(), new MessageChannel()];
  for (const { port1, port2 } of lines) toClose.push(port1, port2);
  serve(host, lines[1].port1);
  const ports = lines.map(({ port2 }) => port2);
  const page = connectRefresher(() => ports.shift());
  toClose.push(page);
  await assert.rejects(page.setTokens({ access_token: () => {} }), { name: "DataCloneError" });
  const call = page.getAccessToken();
  for (let beat = 0; beat < 4; beat++) t.mock.timers.tick(1000);
  assert.equal(await call, await host.getAccessToken());
});

test("every method works with the fallback", async () => {
  const server = fakeAuthorizationServer();
  const fallback = () => hostRefresher({ ...server.options, tokens: server.login() });
  const page = connectRefresher(undefined, { fallback });
  toClose.push(page);
  assert.ok((await page.load()).access_token);
  await page.getTokens({ minValiditySeconds: 5 });
  await page.refresh({ timeoutSeconds: 5 });
  await page.setTokens(server.login());
  await page.signOut({ revoke: true });
  assert.equal(page.state, "signed-out");
  assert.equal(server.revoked.length, 1);
});

test("a fallback that throws, or makes no refresher, is what callers get", async () => {
  const broken = connectRefresher(undefined, {
    fallback: () => hostRefresher({ token_endpiont: "https://as.example/token" }),
  });
  const empty = connectRefresher(undefined, { fallback: () => {} });
  toClose.push(broken, empty);
  await assert.rejects(broken.getAccessToken(), {
    name: "TypeError",
    message: /^token_endpiont is no option/,
  });
  await assert.rejects(broken.fetch("https://api.example/"), { name: "TypeError" });
  await assert.rejects(empty.getAccessToken(), { name: "TypeError" });
});
