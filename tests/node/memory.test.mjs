// What is left of tokens in the memory of the core's instances, after a sign-out and after close().
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { memoryStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";

const memories = [];
const { Instance } = WebAssembly;
WebAssembly.Instance = new Proxy(Instance, {
  construct(target, given) {
    const instance = Reflect.construct(target, given);
    if (instance.exports.memory) memories.push(instance.exports.memory);
    return instance;
  },
});
const { createRefresher } = await import("oauth-refresher");

/** How often a text is in the memory of any instance. */
function copies(text) {
  let count = 0;
  for (const { buffer } of memories) {
    const bytes = Buffer.from(buffer);
    for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) count++;
  }
  return count;
}

for (const [ends, end] of Object.entries({
  "a sign-out": (refresher) => refresher.signOut(),
  "close()": (refresher) => refresher.close(),
  "a sign-out that revokes, and close()": async (refresher) => {
    await refresher.signOut({ revoke: true });
    refresher.close();
  },
}))
  test(`after ${ends} no token is in the memory of the core`, async () => {
    const server = fakeAuthorizationServer();
    const storage = memoryStorage();
    const refresher = createRefresher({ ...server.options, storage, background: "never" });
    const seen = [server.login()];
    await refresher.setTokens(seen[0]);
    for (let count = 0; count < 5; count++) {
      await refresher.refresh();
      seen.push((await storage.load()).tokens);
    }
    const tokens = seen.flatMap(({ access_token, refresh_token }) => [access_token, refresh_token]);
    assert.ok(copies(tokens.at(-1)) > 0, "the search finds what is in use");
    await end(refresher);
    await new Promise((passed) => setTimeout(passed, 50)); // a read of the storage may be under way
    assert.deepEqual(
      tokens.map(copies),
      tokens.map(() => 0),
    );
    refresher.close();
    assert.equal(refresher.tokens, null);
  });

test("a request that is out when the refresher is closed is stored, and then nothing is left in memory", async () => {
  const server = fakeAuthorizationServer();
  const storage = memoryStorage();
  const { promise, resolve } = Promise.withResolvers?.() ?? withResolvers();
  const fetch = (...given) => promise.then(() => server.fetch(...given));
  const refresher = createRefresher({ ...server.options, storage, fetch, background: "never" });
  const login = server.login();
  await refresher.setTokens(login);
  const refreshed = refresher.refresh().catch(({ code }) => code);
  await new Promise((passed) => setTimeout(passed, 50));
  refresher.close();
  resolve();
  assert.equal(await refreshed, "closed");
  await new Promise((passed) => setTimeout(passed, 100));
  const { tokens, pending } = await storage.load();
  assert.equal(pending, undefined);
  assert.notEqual(tokens.refresh_token, login.refresh_token);
  assert.equal(copies(tokens.refresh_token), 0);
});

test("after a sign-out and after close() no token is in the JavaScript heap, although the refresher lives on", async () => {
  const app = fileURLToPath(new URL("heap-app.mjs", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [app], { timeout: 60_000 });
  const { inUse, ...end } = JSON.parse(stdout);
  assert.ok(inUse > 0, "the search finds what is in use");
  assert.deepEqual(end, { after: 0, afterClose: 0, state: "signed-out", tokens: null });
});

function withResolvers() {
  const all = {};
  all.promise = new Promise((resolve) => (all.resolve = resolve));
  return all;
}
