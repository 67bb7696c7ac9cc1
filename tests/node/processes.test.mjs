// Processes that share one file: oidc-provider with rotation and family revocation, access tokens of one second.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { fileStorage } from "oauth-refresher/storage/node";
import { heard } from "../leaks/search.mjs";
import { startOidc } from "../servers/oidc.mjs";

const LONG = !!process.env.OAUTH_REFRESHER_LONG;
const WORKER = new URL("./process-worker.mjs", import.meta.url).pathname;

let folder;
before(async () => (folder = await mkdtemp(join(tmpdir(), "oauth-refresher-"))));
after(() => rm(folder, { recursive: true, force: true }));

async function login(oidc, file) {
  const refresher = createRefresher({
    token_endpoint: oidc.token_endpoint,
    client_id: oidc.clients.none.client_id,
    storage: fileStorage(file),
  });
  await refresher.setTokens(await oidc.mint("none"));
  refresher.close();
}

function start(oidc, file, milliseconds) {
  const { client_id } = oidc.clients.none;
  const child = spawn(process.execPath, [WORKER, oidc.token_endpoint, client_id, file, milliseconds], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) child[name].on("data", (chunk) => (output[name] += chunk));
  const ended = once(child, "close").then(([code]) => {
    heard("a process's output", output.stdout + output.stderr);
    return { code, ...(output.stdout && JSON.parse(output.stdout)) };
  });
  return { child, ended };
}

/** Waits for a rotation, or for long enough to see that there is none. */
async function rotated(oidc) {
  const { length } = oidc.requests;
  for (let waited = 0; waited < 5000 && oidc.requests.length === length; waited += 20)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

test("eight processes on one file send one request per rotation", async () => {
  const oidc = await startOidc({ accessTokenSeconds: 1 });
  try {
    const file = join(folder, "eight.json");
    await login(oidc, file);
    const workers = Array.from({ length: 8 }, () => start(oidc, file, LONG ? 60_000 : 6000));
    const counts = await Promise.all(workers.map(({ ended }) => ended));
    for (const { code, tokens, errors } of counts) {
      assert.equal(code, 0, "its own listener heard no secret");
      assert.deepEqual(errors, {});
      assert.ok(tokens > 10);
    }
    assert.equal(oidc.revokedFamilies.length, 0);
    const { length } = oidc.requests;
    assert.ok(length >= 4, `${length} rotations`);
    assert.ok(oidc.requests.every(({ outcome, rotated }) => outcome === "granted" && rotated));
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    const beside = (await readdir(folder)).filter((name) => name.startsWith("eight.json."));
    assert.ok(beside.length <= 4, `what lies beside it does not pile up: ${beside}`);
  } finally {
    await oidc.close();
  }
});

test("processes killed at random points cost the session only where a reply died with its process", async (t) => {
  const oidc = await startOidc({ accessTokenSeconds: 1 });
  const kills = LONG ? 200 : 12;
  let lost = 0;
  try {
    const file = join(folder, "killed.json");
    await login(oidc, file);
    let survivors = Array.from({ length: 3 }, () => start(oidc, file, 600_000));
    for (let round = 0; round < kills; round++) {
      // some kills come before a rotation, some in it, some after it
      await rotated(oidc);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 1100));
      const { child } = survivors.shift();
      child.kill("SIGKILL");
      const record = await readFile(file, "utf8").then(JSON.parse, () => null);
      if (!record) {
        // The server had rotated and nobody has the successor: no client could have saved it. Counted, and logged in again.
        lost++;
        await login(oidc, file);
        survivors.forEach(({ child }) => child.kill("SIGKILL"));
        survivors = [start(oidc, file, 600_000), start(oidc, file, 600_000)];
      }
      survivors.push(start(oidc, file, 600_000));
    }
    for (const { child } of survivors) child.kill("SIGKILL");
    const granted = oidc.requests.filter(({ outcome }) => outcome === "granted").length;
    t.diagnostic(`${kills} kills, ${granted} rotations, ${lost} sessions lost with their reply`);
    assert.ok(granted >= kills / 2);
    assert.ok(lost <= Math.ceil(kills / 4));
    assert.ok(oidc.revokedFamilies.length <= lost + 1);
  } finally {
    await oidc.close();
  }
});

test("what is no JSON is told of, left as it is, and kept beside a new login", async () => {
  const file = join(folder, "rubbish.json");
  await writeFile(file, "{ not json");
  const storage = fileStorage(file);
  await assert.rejects(async () => storage.load(), SyntaxError);
  assert.equal(await readFile(file, "utf8"), "{ not json");
  assert.equal(await storage.save({ format: 1, generation: 1, tokens: {}, obtained_at: 1 }, null), true);
  assert.equal(await readFile(`${file}.unreadable`, "utf8"), "{ not json");
  assert.equal(await storage.save({ format: 1, generation: 2, tokens: {}, obtained_at: 1 }, null), false);
});

test("an abort ends the wait for the lock, and nothing else", async () => {
  const storage = fileStorage(join(folder, "abort.json"));
  let release;
  const held = storage.lock(() => new Promise((resolve) => (release = resolve)), {
    signal: new AbortController().signal,
  });
  while (!release) await new Promise((resolve) => setTimeout(resolve, 5));
  await assert.rejects(
    storage.lock(async () => {}, { signal: AbortSignal.timeout(60) }),
    { name: "TimeoutError" },
  );
  release("done");
  assert.equal(await held, "done");
});
