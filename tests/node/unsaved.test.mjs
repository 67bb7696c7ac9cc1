// A result that the storage does not take is in one process alone. Its lock is kept until it is stored, so that no other process finds the
// mark without its result, and sends the spent refresh token.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { fileStorage } from "oauth-refresher/storage/node";
import { startServer } from "../chaos/server.mjs";
// no part of the package's interface
import { keptUntilSaved } from "../node_modules/oauth-refresher/storage/unsaved.js";
import { holder, never, place, quickened, record, withFs, within } from "./files.mjs";
import { until } from "./session.mjs";

const settled = () => new Promise(setImmediate);
const noSpace = () => Object.assign(new Error("no space left on device"), { code: "ENOSPC" });

test("while a result cannot be stored its process goes on from memory and no other sends the spent token", async () => {
  const server = await startServer();
  const path = place();
  const { rename } = fs.promises;
  let isFull = false;
  let ends = false;
  const failed = [];
  const [one, two] = ["one", "two"].map((id) =>
    createRefresher({
      token_endpoint: server.token_endpoint,
      client_id: "chaos",
      headers: { "x-worker": id },
      // without a name they do not wait for each other in this process: as in two
      storage: { ...fileStorage(path), name: undefined },
    }),
  );
  one.addEventListener("storage-failed", ({ detail }) => failed.push(detail.error.code));
  const moved = async (from, to) => {
    if (isFull && to === path) throw noSpace();
    return rename(from, to);
  };
  try {
    await withFs({ rename: moved }, async () => {
      await one.setTokens(server.login());
      const asked = server.asked();
      server.hold();
      const first = one.getAccessToken();
      await asked;
      isFull = true;
      server.release();
      await first;
      const asking = (async () => {
        while (!ends) {
          await two.getAccessToken({ timeoutSeconds: 3 }).catch(() => {});
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      })();
      await until(() => failed.length > 3, 20_000);
      await one.refresh();
      // twice, if the first of them came late
      assert.ok(server.counts.rotations >= 2, "its own refresh does not wait for its own lock");
      assert.equal(server.last.worker, "one");
      const { length } = failed;
      await until(() => failed.length > length, 20_000);
      isFull = false; // and the other, which asks all the time, is there first
      await until(() => server.last.worker === "two" || server.ended, 20_000);
      ends = true;
      await asking;
    });
    assert.ok(failed.every((code) => code === "ENOSPC"));
    assert.equal(server.counts.secondUses, 0);
  } finally {
    ends = true;
    one.close();
    two.close();
    await server.close();
  }
});

test("a lock is kept for a result and not for a mark, and is another's when it was lost meanwhile", async () => {
  let fails = true;
  let isHeld = true;
  let inside = 0;
  const save = async () => {
    if (fails) throw noSpace();
    return true;
  };
  const lock = async (work) => {
    inside++;
    await work({ passedOn: "dead", isHeld: async () => isHeld });
    inside--;
  };
  const kept = keptUntilSaved(save, lock);
  const refused = (given) => kept.save(given, 1).catch(() => {});
  await kept.lock(() => refused({ ...record(1), pending: {} }));
  assert.equal(inside, 0, "a mark");
  void kept.lock(() => refused(record(1)));
  await settled();
  assert.equal(inside, 1, "a result");
  const grants = [];
  await kept.lock(async ({ passedOn }) => grants.push(passedOn, inside));
  assert.deepEqual(grants, ["released", 1], "under the lock that this process has");
  isHeld = false;
  await kept.lock(async ({ passedOn }) => grants.push(passedOn, inside));
  assert.deepEqual(grants.splice(2), ["dead", 2], "it was lost: a lock of its own");
  await assert.rejects(kept.lock(never, { signal: AbortSignal.abort(new Error("gave up")) }), /gave up/);
  fails = false;
  await kept.save(record(2), 1);
  await settled();
  assert.equal(inside, 0, "it is stored");
});

test("a lock whose result is tried no more is released", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const save = async () => {
    throw noSpace();
  };
  const lock = (work) => work({ passedOn: "released", isHeld: async () => true });
  const kept = keptUntilSaved(save, lock);
  let isOver = false;
  const over = kept.lock(() => kept.save(record(1), null).catch(() => {})).then(() => (isOver = true));
  for (let tries = 0; tries < 9; tries++) {
    await settled();
    t.mock.timers.tick(20_000);
    await kept.save(record(1), null).catch(() => {});
  }
  await settled();
  assert.equal(isOver, false);
  t.mock.timers.tick(30_000);
  await over;
});

test("who waits for a lock while the disk is full learns that the disk is full", async () => {
  const path = place();
  fs.writeFileSync(`${path}.lock.1`, holder({ leaseSeconds: 600 }));
  const { open } = fs.promises;
  const full = async (file, ...given) => {
    if (String(file).endsWith(".new")) throw noSpace();
    return open(file, ...given);
  };
  const fast = quickened(20);
  try {
    await withFs({ open: full }, () =>
      assert.rejects(fileStorage(path).lock(never, within(20)), { code: "ENOSPC" }),
    );
  } finally {
    fast.end();
  }
});
