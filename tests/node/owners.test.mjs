// A record belongs to its issuer, or token endpoint, and its client, in every storage.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { callbackStorage, memoryStorage, webStorage } from "oauth-refresher/storage";
import { fileStorage } from "oauth-refresher/storage/node";
import { fakeAuthorizationServer } from "oauth-refresher/testing";

let folder;
before(async () => (folder = await mkdtemp(join(tmpdir(), "oauth-refresher-"))));
after(() => rm(folder, { recursive: true, force: true }));

const storages = {
  memoryStorage: () => memoryStorage(),
  fileStorage: () => fileStorage(join(folder, "session.json")),
  webStorage: () => webStorage(area(), "session"),
  "callbackStorage, which compares nothing": () => {
    let held = null;
    return callbackStorage({ load: () => held, save: (record) => void (held = record) });
  },
};

for (const [name, storageOf] of Object.entries(storages))
  test(`${name}: a session of another server or client is not used and a login replaces it`, async () => {
    const [one, two] = ["https://one.example/token", "https://two.example/token"].map((token_endpoint) =>
      fakeAuthorizationServer({ token_endpoint }),
    );
    const storage = storageOf();
    const refreshers = [one.options, two.options, { ...one.options, client_id: "another app" }].map(
      (options) => createRefresher({ ...options, storage, background: "never" }),
    );
    const [ours, ...others] = refreshers;
    await ours.setTokens({ ...one.login(), expires_in: undefined, expires_at: 1 });
    const stored = JSON.stringify(await storage.load());
    for (const other of others) {
      assert.equal(await other.load(), null);
      const error = await other.getAccessToken().catch((error) => error);
      assert.deepEqual([error.code, error.loginRequired, error.retryable], ["signed_out", true, false]);
      assert.match(error.message, /the stored session is of another issuer, token_endpoint or client_id/);
      await other.signOut({ revoke: true });
      assert.equal(JSON.stringify(await storage.load()), stored, "it is left as it is");
    }
    assert.equal(one.requests.length + two.requests.length, 0);
    assert.ok(await ours.getAccessToken(), "its owner goes on");
    const login = two.login();
    await others[0].setTokens(login);
    assert.equal(await others[0].getAccessToken(), login.access_token);
    assert.equal((await storage.load()).tokens.refresh_token, login.refresh_token);
    refreshers.forEach((refresher) => refresher.close());
  });

test("a record of a version that wrote no owner is used, and has one after the next write", async () => {
  const server = fakeAuthorizationServer();
  const storage = memoryStorage();
  const tokens = { ...server.login(), expires_in: 1 };
  await storage.save({ format: 1, generation: 1, tokens, obtained_at: 1 }, null);
  const refresher = createRefresher({ ...server.options, storage });
  assert.ok(await refresher.getAccessToken());
  const { owner } = await storage.load();
  assert.match(owner, /^[\da-f]{16}$/);
  refresher.close();
});

/** Of one tab. */
function area() {
  const held = new Map();
  return {
    getItem: (key) => held.get(key) ?? null,
    setItem: (key, value) => void held.set(key, value),
    removeItem: (key) => void held.delete(key),
  };
}
