// What fileStorage writes, what it leaves behind, and what the system refuses.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { fileStorage } from "oauth-refresher/storage/node";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { forbidden, fullDisk, place, readOnly, record, withFs } from "./files.mjs";

test("what earlier versions and killed processes left is swept", async () => {
  const path = place();
  const uuid = "0b0d2f0e-2f4f-4a5e-9d0c-0d4b0c8e1f11";
  const stale = [`session.json.99999.new`, `session.json.${uuid}.new`, `session.json.lock.3.99999-k2j3h4`];
  const others = ["session.json.bak", "session.json.new", `other.${uuid}.new`];
  for (const name of [...stale, ...others]) fs.writeFileSync(join(dirname(path), name), "SECRET");
  const storage = fileStorage(path);
  await storage.save(record(1), null);
  await storage.lock(async () => {});
  const left = fs
    .readdirSync(dirname(path))
    .filter((name) => !/^session\.json(\.(write|lock)\.\d+)?$/.test(name));
  assert.deepEqual(left.sort(), others.sort());
});

test("a sign out removes whatever held a token", async () => {
  const path = place();
  fs.writeFileSync(path, '{"refresh_token":"SECRET', { mode: 0o644 });
  const storage = fileStorage(path);
  await storage.save(record(1), null);
  assert.equal(fs.statSync(`${path}.unreadable`).mode & 0o777, 0o600);
  fs.writeFileSync(`${path}.0b0d2f0e-2f4f-4a5e-9d0c-0d4b0c8e1f11.new`, "SECRET");
  assert.equal(await storage.save(null, 1), true);
  assert.deepEqual(
    fs.readdirSync(dirname(path)).filter((name) => !/\.write\.\d+$/.test(name)),
    [],
  );
});

test("a draft is created exclusively with mode 0600 under a name that cannot be foretold", async () => {
  const path = place();
  const { open, rename } = fs.promises;
  const created = [];
  const moved = [];
  process.umask(0);
  try {
    const spies = {
      open: (file, ...rest) => (
        rest[0] !== undefined && created.push([basename(file), ...rest]),
        open(file, ...rest)
      ),
      rename: (from, to) => (moved.push([basename(from), fs.statSync(from).mode & 0o777]), rename(from, to)),
    };
    await withFs(spies, async () => {
      for (let generation = 1; generation <= 3; generation++)
        await fileStorage(path).save(record(generation), generation - 1 || null);
    });
  } finally {
    process.umask(0o022);
  }
  const drafts = created.filter(([name]) => name.endsWith(".new"));
  assert.equal(new Set(drafts.map(([name]) => name)).size, 3);
  for (const [name, flags, mode] of drafts) {
    assert.match(name, /^session\.json\.[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\.new$/);
    assert.deepEqual([flags, mode], ["wx", 0o600]);
  }
  assert.deepEqual(
    moved.map(([, mode]) => mode),
    [0o600, 0o600, 0o600],
  );
});

test("a writer that was stalled over another write writes nothing", async () => {
  for (const moment of ["before its draft", "after its draft"]) {
    const path = place();
    const [slow, quick] = [fileStorage(path), fileStorage(path)];
    await slow.save(record(1), null);
    const { open, rename } = fs.promises;
    let stalled = false;
    const overtake = async () => {
      if (stalled) return;
      stalled = true;
      // what comes of a stall that outlasts the lease of the lock
      const [lock] = fs.readdirSync(dirname(path)).filter((name) => /\.write\.\d+$/.test(name));
      fs.writeFileSync(join(dirname(path), lock), "released");
      assert.equal(await quick.save({ ...record(2), session: "the winner's" }, 1), true);
    };
    const spies =
      moment === "before its draft"
        ? {
            open: async (file, ...rest) => (
              String(file).endsWith(".new") && (await overtake()),
              open(file, ...rest)
            ),
          }
        : { rename: async (from, to) => (await overtake(), rename(from, to)) };
    assert.equal(await withFs(spies, () => slow.save(record(2), 1)), false, moment);
    assert.equal((await slow.load()).session, "the winner's", moment);
    assert.ok(!fs.readdirSync(dirname(path)).some((name) => name.endsWith(".new")));
  }
});

test("a file system without hard links stores and locks", async () => {
  const refused = async () => {
    throw Object.assign(new Error("operation not permitted, link"), { code: "EPERM" });
  };
  const path = place();
  await withFs({ link: refused }, async () => {
    const storage = fileStorage(path);
    assert.equal(await storage.save(record(1), null), true);
    assert.equal(await storage.lock(async () => "locked"), "locked");
  });
});

for (const [what, code, open] of [
  ["a folder that is not there", "ENOENT", async () => ({ path: join(place(), "no", "session.json") })],
  ["a disk that is full", "ENOSPC", fullDisk],
  ["a folder that is read-only", "EROFS", readOnly],
  ["a folder without permission", "EACCES", forbidden],
])
  test(`${what} is storage_failed with ${code}, for a login and a refresh, and nothing is sent`, async (t) => {
    const opened = await open(t);
    if (!opened) return;
    const { path, end = () => {} } = opened;
    const server = fakeAuthorizationServer();
    const { refresh_token } = server.login();
    const begin = () => {
      const refresher = createRefresher({
        ...server.options,
        storage: fileStorage(path),
        tokens: { refresh_token },
      });
      const failed = [];
      refresher.addEventListener("storage-failed", ({ detail }) => failed.push(detail));
      return { refresher, failed };
    };
    try {
      const login = begin();
      await assert.rejects(login.refresher.setTokens(server.login()), { code: "storage_failed" });
      assert.ok(login.failed.length > 0);
      for (const { error } of login.failed) assert.equal(error.code, code);
      const refresh = begin();
      await assert.rejects(refresh.refresher.refresh(), { code: "storage_failed" });
      assert.ok(refresh.failed.length > 0);
      for (const { error } of refresh.failed) assert.equal(error.code, code);
      assert.equal(server.requests.length, 0);
      const drafts = fs.existsSync(dirname(path)) ? fs.readdirSync(dirname(path)) : [];
      assert.deepEqual(
        drafts.filter((name) => name !== "filler" && name !== basename(path)),
        [],
      );
      login.refresher.close();
      refresh.refresher.close();
    } finally {
      await end();
    }
  });

test("a save needs no more than Node's permission model allows", () => {
  const folder = dirname(place());
  const [major] = process.versions.node.split(".");
  const model = major < 22 ? "--experimental-permission" : "--permission";
  const text = `
    import { fileStorage } from ${JSON.stringify(import.meta.resolve("oauth-refresher/storage/node"))};
    const storage = fileStorage("session.json");
    console.log(await storage.save(${JSON.stringify(record(1))}, null), (await storage.load()).generation);
  `;
  const given = [
    model,
    "--allow-fs-read=*",
    `--allow-fs-write=${folder}/*`,
    "--input-type=module",
    "-e",
    text,
  ];
  const { stdout, stderr } = spawnSync(process.execPath, given, { cwd: folder, encoding: "utf8" });
  assert.equal(stdout, "true 1\n", stderr);
});

test("a save flushes where a file handle has no sync(), as under Yarn's Plug'n'Play", async (t) => {
  const handle = await open(place(), "w");
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  t.mock.method(prototype, "sync", () => {
    throw new Error("Method not implemented.");
  });
  const storage = fileStorage(place());
  assert.equal(await storage.save(record(1), null), true);
  assert.equal((await storage.load()).generation, 1);

  t.mock.method(prototype, "sync", () => Promise.reject(Object.assign(new Error("EIO"), { code: "EIO" })));
  await assert.rejects(storage.save(record(2), 1), { code: "EIO" });
});
