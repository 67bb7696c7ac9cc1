// The ports of the driver: what they do with locks and storages that are not ours.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
// no part of the package's interface
import { send } from "../node_modules/oauth-refresher/lib/ports/http.js";
import { lockPort } from "../node_modules/oauth-refresher/lib/ports/lock.js";
import { storagePort as portOf } from "../node_modules/oauth-refresher/lib/ports/storage.js";
import { generationOf } from "../node_modules/oauth-refresher/storage/record.js";
import { contexts, outcomeOf, SECOND, time } from "./contexts.mjs";

const storagePort = (storage) => portOf(storage, { generationOf });

test("a host lock that ignores its signal and grants late is released at once", async () => {
  const held = [];
  const lock = (work) =>
    new Promise((resolve) => {
      setTimeout(() => {
        const entry = { from: Date.now(), until: undefined };
        held.push(entry);
        work().then(() => {
          entry.until = Date.now();
          resolve();
        });
      }, 100 * SECOND);
    });
  const { server, all } = await contexts(1, { lock });
  const { reason } = await outcomeOf(all[0].refresher.getAccessToken());
  assert.equal(reason.code, "lock_timeout");
  await time.pass(200 * SECOND);
  assert.ok(held.length >= 1);
  for (const { from, until } of held) assert.equal(until, from);
  assert.equal(server.requests.length, 0, "nothing is sent under a lock that came too late");
});

test("a caller that gives up while it waits in the realm's line leaves the line", async () => {
  const storage = memoryStorage();
  const port = lockPort("none", storage, "session");
  const first = await port.acquire(new AbortController().signal, 120);
  const controller = new AbortController();
  const second = port.acquire(controller.signal, 120);
  const third = port.acquire(new AbortController().signal, 120);
  controller.abort(new Error("no longer wanted"));
  await assert.rejects(second, { message: "no longer wanted" });
  first.release();
  (await third).release();
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
});

test("one signal over a thousand calls keeps no listener", async () => {
  time.restore(); // real timers: the calls are many
  const server = fakeAuthorizationServer();
  const refresher = createRefresher({ ...server.options, tokens: server.login(), background: "never" });
  const { signal } = new AbortController();
  for (let i = 0; i < 1000; i++) await refresher.getAccessToken({ signal });
  for (let i = 0; i < 5; i++) await refresher.refresh({ signal });
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("a storage that does not compare and shows an older generation is written to", async () => {
  const writes = [];
  const port = storagePort({
    load: () => ({ generation: 4 }),
    save: (record) => void writes.push(record.generation),
  });
  assert.equal(await port.save({ generation: 6 }, 5), true, "a replica that is behind");
  assert.equal(await port.save({ generation: 7 }, 3), false, "another context's write");
  assert.equal(await port.save({ generation: 8 }, null), false);
  assert.deepEqual(writes, [6]);
});

test("a generation that is no integer from 1 to 2^53 - 1 is no generation, and no wedge", async () => {
  for (const generation of [1.5, -1, 0, 2 ** 53, 1e300, "5"])
    for (const compares of [true, false]) {
      let held = { format: 1, generation, tokens: {}, obtained_at: 1 };
      const port = storagePort({
        load: () => held,
        save(record, expected) {
          // as an application may compare, which does not know what a generation is
          if (compares && (held?.generation ?? null) !== expected) return false;
          held = record;
          return compares || undefined;
        },
      });
      await port.load();
      assert.equal(await port.save({ generation: 9 }, 5), false, `${generation} is not 5`);
      assert.equal(await port.save({ generation: 9 }, null), true, `a login over ${generation}`);
      assert.deepEqual(held, { generation: 9 });
      assert.equal(await port.save({ generation: 9 }, null), false);
    }
});

test("a storage that hangs is given up, and the next call is not held up by it", async () => {
  let calls = 0;
  const port = storagePort({ load: () => (calls++ ? null : new Promise(() => {})), save: () => true });
  const first = port.load();
  const second = port.load();
  first.catch(() => {});
  await time.pass(11 * SECOND);
  await assert.rejects(first, { message: /the storage did not answer in time/ });
  assert.deepEqual(await second, ["null", null]);
});

test("a process that was blocked over the timeout of a request reads the reply that came meanwhile", async () => {
  time.restore();
  const now = performance.now.bind(performance);
  let stalledMs = 0;
  performance.now = () => now() + stalledMs;
  try {
    // the reply is there one turn after the timer, as in a socket
    const answer = (_url, { signal }) =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        setTimeout(() => resolve(new Response("{}")), 80);
      });
    const blocked = send(answer, { method: "POST", url: "https://auth.test/token", headers: {} }, 0.05, {});
    stalledMs = 60_000;
    assert.equal((await blocked).status, 200);
    stalledMs = 0;
    const slow = send(answer, { method: "POST", url: "https://auth.test/token", headers: {} }, 0.05, {});
    assert.equal((await slow).how, "timedOut");
  } finally {
    performance.now = now;
  }
});

test("a process that was blocked over the limit of a storage call reads the answer that came meanwhile", async () => {
  const answers = [];
  const port = storagePort({ load: () => new Promise((resolve) => answers.push(resolve)), save: () => true });
  const loading = port.load();
  loading.catch(() => {});
  await time.settle();
  // the timers that came due fire before the answer is heard
  await time.passBusy(40 * SECOND);
  answers[0](null);
  assert.deepEqual(await loading, ["null", null]);
  const hanging = port.load();
  hanging.catch(() => {});
  await time.settle();
  await time.passBusy(40 * SECOND);
  await time.pass(2 * SECOND);
  await assert.rejects(hanging, { message: /the storage did not answer in time/ });
});
