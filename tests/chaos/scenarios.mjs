// What happens to processes that share one session in a file, and what the server saw of it. Not a test by itself.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRefresher, fileStorage } from "./package.mjs";
import { startServer } from "./server.mjs";

const WORKER = new URL("./worker.mjs", import.meta.url).pathname;
const SECOND = 1000;

/** The rows of the table: each name, and what runs it. Short ones are for every run, the others for a whole one. */
export const scenarios = [
  ...[5, 14, 20, 30, 60].map((seconds) =>
    row(`event loop blocked ${seconds} s in a request`, seconds <= 5, blocked(seconds)),
  ),
  row("all suspended 18 s in a request", false, suspended(18)),
  row("all suspended 3 s in a request", true, suspended(3)),
  ...[20, -20, 3600, -3600].map((seconds) =>
    row(`clock set by ${seconds > 0 ? "+" : ""}${seconds} s in a request`, seconds > 0, clockSet(seconds)),
  ),
  row("two pid namespaces on one volume", true, namespaces),
  row("no hard links", true, withoutLinks),
  // Long only: what fills up between a mark and its result leaves the successor in one process's memory, which may be killed.
  row("full disk for 4 s", false, unwritable({ mount: "size=96k", fill: true })),
  row("read-only for 4 s", true, unwritable({ mount: "size=96k", remount: true })),
  row("killed and stopped at random", true, killed),
];

function row(name, short, run) {
  return { name, short, run };
}

/** @returns {Promise<object>} the row of the table */
export async function play({ name, run }, long) {
  const folder = mkdtempSync(join(tmpdir(), "oauth-refresher-chaos-"));
  const stage = await setStage(folder);
  try {
    const result = await run(stage, long);
    return { name, ...(await stage.result()), ...result };
  } catch (error) {
    if (!error.skip) throw error;
    return { name, skipped: error.message };
  } finally {
    await stage.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function setStage(folder) {
  const server = await startServer();
  const file = join(folder, "volume", "session.json");
  mkdirSync(join(folder, "volume"));
  const workers = new Map();
  const ends = [];
  let processes = 0;
  let lost = 0;
  let savable = 0;

  async function login() {
    const refresher = createRefresher({
      token_endpoint: server.token_endpoint,
      client_id: "chaos",
      storage: fileStorage(file),
    });
    await refresher.setTokens(server.login()).catch(() => {});
    refresher.close();
  }

  async function start(options = {}, wrapped = []) {
    const id = String(++processes);
    const given = JSON.stringify({ token_endpoint: server.token_endpoint, file, id, ...options });
    const [program, ...args] = [...wrapped, process.execPath, WORKER, given];
    const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const worker = { id, child, counts: undefined, exited: once(child, "exit") };
    child.on("message", ({ counts }) => (worker.counts = counts ?? worker.counts));
    workers.set(id, worker);
    await Promise.race([once(child, "message"), worker.exited]);
    return worker;
  }

  /** What is stored, as text: the draft of a killed process counts for nothing. */
  const stored = () => {
    try {
      return readFileSync(file, "utf8");
    } catch {
      return "";
    }
  };

  const stage = {
    server,
    file,
    folder,
    start,
    login,
    stored,
    onEnd: (end) => ends.push(end),
    several: (count, options, wrapped) =>
      Promise.all(Array.from({ length: count }, () => start(options, wrapped))),
    /** What is there at the death of a process is all that it leaves. */
    kill(worker) {
      worker.child.kill("SIGKILL");
      worker.left = stored();
      workers.delete(worker.id);
      stage.dead.set(worker.id, worker);
    },
    dead: new Map(),
    /** A session is lost. Could a client have saved it? Not if the only process that was sent the successor died before it was stored. */
    lose() {
      lost++;
      const sender = stage.dead.get(server.last?.worker);
      if (!sender || sender.left.includes(`"${server.last.successor}"`)) savable++;
    },
    async stop() {
      const all = [...workers.values()];
      for (const { child } of all) child.connected && child.send({ end: true });
      await Promise.race([Promise.all(all.map(({ exited }) => exited)), paused(45 * SECOND)]);
      for (const { child } of all) child.kill("SIGKILL");
      return all.map(({ counts }) => counts).filter(Boolean);
    },
    async result() {
      const counts = await stage.stop();
      if (server.ended || !(await goesOn())) stage.lose();
      return {
        processes,
        ...server.counts,
        lost,
        savable,
        errors: summed(counts, "errors"),
        failed: summed(counts, "failed"),
      };
    },
    async close() {
      for (const { child } of workers.values()) child.kill("SIGKILL");
      for (const end of ends) await end();
      await server.close();
    },
  };

  /** Whether the next process finds a session. A lock of a process that was killed a moment ago is no loss. */
  async function goesOn() {
    const { token_endpoint } = server;
    const refresher = createRefresher({ token_endpoint, client_id: "chaos", storage: fileStorage(file) });
    const went = await refresher.refresh().then(
      () => true,
      ({ code }) => !/session_ended|signed_out/.test(code),
    );
    refresher.close();
    return went;
  }

  await login();
  return stage;
}

/** Of two processes the one that sends blocks while its request is out, and the reply waits in its socket. */
function blocked(seconds) {
  return async ({ server, several }) => {
    server.hold();
    const asked = server.asked();
    const workers = await several(2);
    const id = await asked;
    workers.find((worker) => worker.id === id).child.send({ blockMs: seconds * SECOND });
    await paused(500);
    server.release();
    await paused(seconds * SECOND + 5 * SECOND);
  };
}

/** Three processes are stopped while a request is out, and go on together. */
function suspended(seconds) {
  return async ({ server, several }) => {
    server.hold();
    const asked = server.asked();
    const workers = await several(3);
    await asked;
    for (const { child } of workers) child.kill("SIGSTOP");
    server.release();
    await paused(seconds * SECOND);
    for (const { child } of workers) child.kill("SIGCONT");
    await paused(6 * SECOND);
  };
}

/** Four processes whose clock is set while a request is out. */
function clockSet(seconds) {
  return async ({ server, several }) => {
    server.hold();
    const asked = server.asked();
    const workers = await several(4);
    await asked;
    for (const { child } of workers) child.send({ jumpMs: seconds * SECOND });
    await paused(4 * SECOND);
    server.release();
    await paused(6 * SECOND);
  };
}

/** Three processes in each of two pid namespaces: the numbers of one mean nothing in the other. */
async function namespaces({ server, several }) {
  if (process.getuid?.() !== 0 || process.platform !== "linux") throw skip("unshare needs root on Linux");
  // more processes before them, so that no number of the first namespace is one of the second
  const shell = (before) => `for i in $(seq ${before}); do /bin/true; done; "$@"`;
  const inside = (before) => [
    "unshare",
    "-p",
    "-f",
    "--kill-child",
    "--mount-proc",
    "sh",
    "-c",
    shell(before),
    "sh",
  ];
  server.hold();
  const asked = server.asked();
  await several(3, {}, inside(200));
  await asked;
  // well before the request would time out, however long the others take to start
  setTimeout(server.release, 20 * SECOND).unref();
  await several(3, {}, inside(5));
  await paused(4 * SECOND);
  server.release();
  await paused(6 * SECOND);
}

async function withoutLinks(stage) {
  // the login of the stage has links: this one is made by a process without
  await stage.several(3, { withoutLinks: true });
  await paused(5 * SECOND);
}

/** The volume cannot be written to for a while, in the middle of everything. */
function unwritable({ mount, fill, remount }) {
  return async (stage) => {
    const volume = join(stage.folder, "volume");
    const run = async (...words) => {
      // busy, while a lock is open for writing
      for (let tries = 1; ; tries++) {
        const [code] = await once(spawn(words[0], words.slice(1), { stdio: "ignore" }), "close");
        if (code === 0) return;
        if (tries === 200) throw new Error(`${words.join(" ")} failed with ${code}`);
        await paused(7);
      }
    };
    if (process.getuid?.() !== 0) throw skip("mount needs root");
    await run("mount", "-t", "tmpfs", "-o", mount, "tmpfs", volume);
    stage.onEnd(() => run("umount", "-l", volume));
    await stage.login();
    await stage.several(3);
    await paused(2 * SECOND);
    const filler = join(volume, "filler");
    if (fill)
      try {
        writeFileSync(filler, Buffer.alloc(1 << 20));
      } catch {}
    if (remount) await run("mount", "-o", "remount,ro", volume);
    await paused(4 * SECOND);
    if (fill) rmSync(filler);
    if (remount) await run("mount", "-o", "remount,rw", volume);
    await paused(12 * SECOND);
  };
}

/** Processes that die and are replaced, and processes that are stopped for a while, one after the other. */
async function killed(stage, long) {
  const [count, kills, stops] = long ? [8, 200, 40] : [3, 8, 2];
  let living = await stage.several(count);
  for (let round = 0; round < kills; round++) {
    if (round % Math.floor(kills / stops) === 0) {
      const { child } = living[Math.floor(Math.random() * living.length)];
      child.kill("SIGSTOP");
      setTimeout(() => child.kill("SIGCONT"), 300 + Math.random() * 2500);
    }
    await paused(Math.random() * 900);
    const unlucky = living.splice(Math.floor(Math.random() * living.length), 1)[0];
    unlucky.child.kill("SIGCONT");
    stage.kill(unlucky);
    living.push(await stage.start());
    if (!stage.server.ended) continue;
    stage.lose();
    living.forEach(stage.kill);
    stage.dead.clear();
    await stage.login();
    living = await stage.several(count);
  }
  await paused(3 * SECOND);
  return { kills, stops };
}

function summed(all, which) {
  const total = {};
  for (const { [which]: one } of all)
    for (const [what, count] of Object.entries(one)) total[what] = (total[what] ?? 0) + count;
  return total;
}

const skip = (why) => Object.assign(new Error(why), { skip: true });
const paused = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
