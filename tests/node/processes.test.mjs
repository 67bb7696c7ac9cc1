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
import { openRecipes } from "../compose/recipes.mjs";
import { heard } from "../leaks/search.mjs";
import { startOidc } from "../servers/oidc.mjs";

const LONG = !!process.env.OAUTH_REFRESHER_LONG;
const WORKER = new URL("./process-worker.mjs", import.meta.url).pathname;

let folder;
let recipes;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "oauth-refresher-"));
  recipes = await openRecipes({}, "docs/storage.md");
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
  await recipes.remove();
});

async function login(oidc, file) {
  const refresher = createRefresher({
    token_endpoint: oidc.token_endpoint,
    client_id: oidc.clients.none.client_id,
    storage: fileStorage(file),
  });
  await refresher.setTokens(await oidc.mint("none"));
  refresher.close();
}

function start(oidc, file, milliseconds, kind = "file") {
  const recipe = join(recipes.folder, "keychain.js");
  const { client_id } = oidc.clients.none;
  const child = spawn(
    process.execPath,
    [WORKER, oidc.token_endpoint, client_id, file, milliseconds, kind, recipe],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) child[name].on("data", (chunk) => (output[name] += chunk));
  const ended = once(child, "close").then(([code]) => {
    heard("a process's output", output.stdout + output.stderr);
    return { code, ...(output.stdout && JSON.parse(output.stdout)) };
  });
  return { child, ended };
}

/** Waits for a rotation, or until it is clear that there is none. */
async function rotated(oidc) {
  const { length } = oidc.requests;
  for (let waited = 0; waited < 5000 && oidc.requests.length === length; waited += 20)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

for (const [count, kind, words] of [
  [8, "file", "eight processes on one file"],
  [8, "keychain", "eight processes on a keychain under file locks"],
  [2, "host", "two processes under a lock of the host, on a file that cannot compare"],
  [3, "host", "three processes under a lock of the host, on a file that cannot compare"],
])
  test(`${words} send one request per rotation`, async () => {
    const oidc = await startOidc({ accessTokenSeconds: 1 });
    try {
      const file = join(folder, `${kind}-${count}.json`);
      await login(oidc, file);
      const workers = Array.from({ length: count }, () => start(oidc, file, LONG ? 60_000 : 6000, kind));
      const counts = await Promise.all(workers.map(({ ended }) => ended));
      for (const { code, tokens, errors } of counts) {
        assert.equal(code, 0, "its own listener heard no secret");
        assert.deepEqual(errors, {});
        assert.ok(tokens > 0, "each took part; how often depends on the machine's load");
      }
      assert.equal(oidc.revokedFamilies.length, 0);
      const { length } = oidc.requests;
      assert.ok(length >= 4, `${length} rotations`);
      assert.ok(oidc.requests.every(({ outcome, rotated }) => outcome === "granted" && rotated));
      if (kind !== "file") return;
      assert.equal((await stat(file)).mode & 0o777, 0o600);
      const beside = (await readdir(folder)).filter((name) => name.startsWith(`${kind}-${count}.json.`));
      assert.ok(beside.length <= 4, `files beside it do not accumulate: ${beside}`);
    } finally {
      await oidc.close();
    }
  });

test("processes killed at random lose the session only where a reply was lost with its process", async (t) => {
  const oidc = await startOidc({ accessTokenSeconds: 1 });
  const [kills, count] = LONG ? [200, 8] : [12, 3];
  let lost = 0;
  let inDoubt = 0;
  const file = join(folder, "killed.json");
  const startSeveral = (length) => Array.from({ length }, () => start(oidc, file, 600_000));
  const stored = () => readFile(file, "utf8").then(JSON.parse, () => null);
  try {
    await login(oidc, file);
    let survivors = startSeveral(count);
    for (let round = 0; round < kills; round++) {
      // some kills come before a rotation, some during it, some after it
      await rotated(oidc);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 1100));
      const { child } = survivors.shift();
      const before = await stored();
      child.kill("SIGKILL");
      const record = await stored();
      if (before?.pending || record?.pending) inDoubt++;
      if (!record) {
        // The server rotated and the successor was lost with the process: no client can recover from that. Count it and log in again.
        lost++;
        await login(oidc, file);
        survivors.forEach(({ child }) => child.kill("SIGKILL"));
        survivors = startSeveral(count - 1);
      }
      survivors.push(start(oidc, file, 600_000));
    }
    for (const { child } of survivors) child.kill("SIGKILL");
    const granted = oidc.requests.filter(({ outcome }) => outcome === "granted").length;
    const refused = oidc.requests.filter(({ outcome }) => outcome === "refused").length;
    t.diagnostic(
      `${count} processes, ${kills} kills, ${inDoubt} while a request was out, ${granted} rotations, ` +
        `${refused} refused, ${lost} sessions lost with their reply`,
    );
    assert.ok(granted >= kills / 2);
    assert.ok(lost <= inDoubt, "a session is lost only where a process died with its request");
    assert.ok(oidc.revokedFamilies.length <= inDoubt);
    assert.ok(refused <= 2 * inDoubt, "no refresh token is sent twice except as a last probe");
  } finally {
    await oidc.close();
  }
});

test("an invalid file is reported, left unchanged, and kept beside a new login", async () => {
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
