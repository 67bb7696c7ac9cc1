// The lock of a file: silence on the observer's own clock, takeovers, and what cannot be a lock.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";
import { fileLock, fileStorage } from "oauth-refresher/storage/node";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
// no part of the package's interface
import { fileLease } from "../node_modules/oauth-refresher/storage/file-lock.js";
import { ownProcess } from "../node_modules/oauth-refresher/storage/holder.js";
import { DEFAULT_LEASE_SECONDS, lockByLease } from "../node_modules/oauth-refresher/storage/lease.js";
import { holder, never, place, quickened, record, withFs, within } from "./files.mjs";

const linux = process.platform === "linux" ? {} : { skip: "proc(5) is of Linux" };

test("the lease that a lock is given is cores and the default of a lock alone is the same", async () => {
  const given = [];
  for (const timeoutSeconds of [undefined, 7.5]) {
    const inner = memoryStorage();
    const lock = (work, { leaseSeconds }) => (given.push(leaseSeconds), work());
    const server = fakeAuthorizationServer();
    const refresher = createRefresher({ ...server.options, timeoutSeconds, storage: inner, lock });
    await refresher.setTokens(server.login());
    await refresher.refresh();
  }
  assert.deepEqual(given, [DEFAULT_LEASE_SECONDS, 75]);
});

test("a lock whose text stands still passes on after the lease of its holder and not before", async () => {
  const path = place();
  fs.writeFileSync(`${path}.1`, holder({ leaseSeconds: 1.5 }));
  const begun = performance.now();
  const passedOn = await fileLock(path)(async (grant) => grant.passedOn, { leaseSeconds: 60 });
  const tookMs = performance.now() - begun;
  assert.equal(passedOn, "silent");
  assert.ok(tookMs > 1500 && tookMs < 4000, `${tookMs} ms`);
});

test("a heartbeat keeps the lock and no clock and no file time takes it away", async () => {
  const path = place();
  const text = (beats) => holder({ leaseSeconds: 0.8, beats });
  fs.writeFileSync(`${path}.1`, text(0));
  let beats = 0;
  const beat = setInterval(() => {
    fs.writeFileSync(`${path}.1`, text(++beats));
    fs.utimesSync(`${path}.1`, 1, 1);
  }, 100);
  const { now } = Date;
  let calls = 0;
  Date.now = () => now() + (calls++ % 2 ? 3_600_000 : -3_600_000);
  try {
    const waited = fileLock(path)(never, { signal: AbortSignal.timeout(3000) });
    await assert.rejects(waited, { name: "TimeoutError" });
  } finally {
    Date.now = now;
    clearInterval(beat);
  }
  assert.deepEqual(fs.readdirSync(dirname(path)), ["session.json.1"]);
});

test("a process id says nothing in another namespace or boot", async () => {
  const own = (await ownProcess()).split(" ")[2];
  for (const where of [own.replace(/pid:\[\d+/, "pid:[1"), own.replace(/^[\da-f]/, "x"), "-"]) {
    const path = place();
    // a process of that id does not exist here
    fs.writeFileSync(`${path}.1`, holder({ process: `4194304 1 ${where}` }));
    await assert.rejects(fileLock(path)(never, { signal: AbortSignal.timeout(400) }), {
      name: "TimeoutError",
    });
  }
});

test("a process that is certainly gone is not waited for", linux, async () => {
  const [pid, start, where] = (await ownProcess()).split(" ");
  const gone = { "no such process": `4194304 ${start} ${where}`, "another one by now": `${pid} 1 ${where}` };
  for (const [why, process] of Object.entries(gone)) {
    const path = place();
    fs.writeFileSync(`${path}.1`, holder({ process }));
    const passedOn = await fileLock(path)(async (grant) => grant.passedOn, within(2));
    assert.equal(passedOn, "dead", why);
  }
  const alive = place();
  fs.writeFileSync(`${alive}.1`, holder({ process: `${pid} ${start} ${where}` }));
  await assert.rejects(fileLock(alive)(never, within(0.4)), { name: "TimeoutError" });
});

test("a holder learns that its lock passed on and releases no other", async () => {
  const path = place();
  await fileLock(path)(async (grant) => {
    assert.equal(await grant.isHeld(), true);
    fs.writeFileSync(`${path}.2`, holder({}));
    assert.equal(await grant.isHeld(), false);
  });
  assert.match(fs.readFileSync(`${path}.2`, "utf8"), /^[\da-f]{8}-/);
  const other = place();
  await fileLock(other)(async (grant) => {
    fs.rmSync(`${other}.1`);
    assert.equal(await grant.isHeld(), false, "removed by hand");
    fs.writeFileSync(`${other}.1`, holder({}));
    assert.equal(await grant.isHeld(), false, "of the same number, and not its own");
  });
});

test("a heartbeat that is on its way is awaited before the release", async () => {
  const log = [];
  const paused = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const store = {
    take: async () => ({ passedOn: "released" }),
    async beat() {
      log.push("beat");
      await paused(60);
      log.push("written");
    },
    isHeld: async () => true,
    release: async () => void log.push("released"),
  };
  const untilItBeats = async () => {
    while (!log.includes("beat")) await paused(1);
  };
  await lockByLease(store)(untilItBeats, { leaseSeconds: 0.1 });
  assert.deepEqual(log, ["beat", "written", "released"], "else the heartbeat would take the lock back");
});

test("a holder that beats while its lock is taken over keeps it", async () => {
  const path = place();
  const silent = holder({ beats: 3 });
  const revived = holder({ beats: 4 });
  fs.writeFileSync(`${path}.1`, silent);
  const store = fileLease(path);
  const { open } = fs.promises;
  // the heartbeat comes after the look, at the moment at which the next number is created
  const taken = await withFs(
    {
      open: async (file, ...rest) => (
        rest[0] === "wx" && fs.writeFileSync(`${path}.1`, revived),
        open(file, ...rest)
      ),
    },
    () =>
      store.take(
        "00000000-0000-4000-8000-000000000000",
        "00000000-0000-4000-8000-000000000000 1 0000000000",
        silent,
      ),
  );
  assert.deepEqual(taken, { held: null });
  assert.deepEqual(fs.readdirSync(dirname(path)), ["session.json.1"]);
});

test("an observer that looks late withdraws", async () => {
  const path = place();
  fs.writeFileSync(`${path}.5`, "released");
  const { open } = fs.promises;
  const owner = "00000000-0000-4000-8000-000000000000";
  // others took and released 6, and hold 7, between its look and its file
  const overtake = () => {
    fs.rmSync(`${path}.5`, { force: true });
    fs.writeFileSync(`${path}.7`, holder({}));
  };
  const taken = await withFs(
    { open: async (file, ...rest) => (rest[0] === "wx" && overtake(), open(file, ...rest)) },
    () => fileLease(path).take(owner, `${owner} 1 0000000000`, ""),
  );
  assert.deepEqual(taken, { held: null });
  assert.deepEqual(fs.readdirSync(dirname(path)), ["session.json.7"]);
});

test("of eight processes that find one stale lock one takes it", async () => {
  const path = place();
  fs.writeFileSync(`${path}.1`, holder({ leaseSeconds: 1 }));
  const { href } = new URL("../node_modules/oauth-refresher/storage/node.js", import.meta.url);
  const code = `
    import { fileLock } from ${JSON.stringify(href)};
    import { appendFileSync } from "node:fs";
    const log = (word) => appendFileSync(${JSON.stringify(`${path}.log`)}, word + "\\n");
    await fileLock(${JSON.stringify(path)})(async ({ passedOn }) => {
      log("in " + passedOn);
      await new Promise((resolve) => setTimeout(resolve, 20));
      log("out");
    });`;
  const children = Array.from({ length: 8 }, () =>
    spawn(process.execPath, ["--input-type=module", "--eval", code], { stdio: "inherit" }),
  );
  await Promise.all(children.map((child) => once(child, "close")));
  const log = fs.readFileSync(`${path}.log`, "utf8").trim().split("\n");
  assert.equal(log.length, 16);
  assert.ok(
    log.every((word, i) => word.startsWith(i % 2 ? "out" : "in")),
    log.join(),
  );
  assert.deepEqual(log.filter((word) => word === "in silent").length, 1);
});

test("a lock file with an absurd name or content is no wedge", async () => {
  for (const name of ["999999999999999999999", "9007199254740991", "1e5", "-1", "0", "007", "x"]) {
    const path = place();
    fs.writeFileSync(`${path}.write.${name}`, holder({}));
    assert.equal(await fileStorage(path).save(record(1), null), true, name);
  }
  const said = {
    nothing: "",
    rubbish: "\0\xff rubbish",
    "a lease of a hundred years": holder({ leaseSeconds: 3e9 }),
  };
  for (const [what, text] of Object.entries(said)) {
    const path = place();
    fs.writeFileSync(`${path}.1`, text);
    const lapse = quickened(10);
    try {
      assert.equal(
        await fileLock(path)(async (grant) => grant.passedOn, { leaseSeconds: 6 }),
        "silent",
        what,
      );
    } finally {
      lapse.end();
    }
  }
  const last = place();
  fs.writeFileSync(`${last}.1000000000000`, "released");
  await assert.rejects(fileLock(last)(never), /remove .*session\.json\.1000000000000/);
});

test("a link a folder or a pipe in the place of a lock is waited for and removed unread", async () => {
  const path = place();
  const victim = `${dirname(path)}/victim`;
  fs.writeFileSync(victim, "released");
  fs.symlinkSync(victim, `${path}.1`);
  const lapse = quickened(10);
  try {
    assert.equal(await fileLock(path)(async (grant) => grant.passedOn, { leaseSeconds: 6 }), "silent");
  } finally {
    lapse.end();
  }
  assert.equal(fs.readFileSync(victim, "utf8"), "released");
  assert.deepEqual(fs.readdirSync(dirname(path)).sort(), ["session.json.2", "victim"]);
});

test("an observer that was suspended together with the holder gives it the time to beat", async (t) => {
  const { now } = performance;
  let jumpedMs = 0;
  performance.now = () => now.call(performance) + jumpedMs;
  t.after(() => (performance.now = now));
  let looks = 0;
  let beats = 1;
  const store = {
    async take(_owner, _text, over) {
      if (over) return { passedOn: "silent" };
      if (++looks === 3) jumpedMs = 30_000;
      if (looks === 5) beats++;
      return { held: `beat ${beats}`, leaseMs: 20_000 };
    },
    beat: async () => {},
    isHeld: async () => true,
    release: async () => {},
  };
  const taken = lockByLease(store)(async ({ passedOn }) => passedOn, within(1.5));
  await assert.rejects(taken, { name: "TimeoutError" });
  assert.ok(looks >= 5, "the holder came back while it was watched");
});

test("programs that live for less than a lease add up the silence that each has seen", async () => {
  const path = place();
  fs.writeFileSync(`${path}.1`, holder({ leaseSeconds: 40 }));
  const lapse = quickened(10);
  try {
    for (const end of ["first", "second"])
      await assert.rejects(fileLock(path)(never, within(2)), { name: "TimeoutError" }, end);
    assert.ok(fs.existsSync(`${path}.silence`));
    const begun = lapse.now();
    assert.equal(await fileLock(path)(async (grant) => grant.passedOn), "silent");
    const watchedMs = lapse.now() - begun;
    assert.ok(watchedMs >= 10_000 && watchedMs < 38_000, `it watched for ${watchedMs} ms itself`);
  } finally {
    lapse.end();
  }
  assert.deepEqual(fs.readdirSync(dirname(path)), ["session.json.2"]);
});
