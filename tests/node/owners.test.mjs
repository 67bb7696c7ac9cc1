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
import { isItsOwners } from "./owned.mjs";

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
  test(`${name}: a session of another server or client is not used and a login replaces it`, () =>
    isItsOwners(storageOf()));

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
