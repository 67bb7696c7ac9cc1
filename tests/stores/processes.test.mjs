// Eight processes on one session in Redis or PostgreSQL: oidc-provider with rotation and family revocation, access tokens of one second.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { heard } from "../leaks/search.mjs";
import { startOidc } from "../servers/oidc.mjs";
import { clients, opener, storages } from "./clients.mjs";
import { startBouncer } from "./pgbouncer-server.mjs";
import { startPostgres } from "./postgres-server.mjs";
import { startRedis } from "./redis-server.mjs";

const LONG = !!process.env.OAUTH_REFRESHER_LONG;
const MILLISECONDS = LONG ? 60_000 : 10_000;
const PROCESSES = 8;
const WORKER = new URL("./process-worker.mjs", import.meta.url).pathname;
/** What a request takes is far below; a process that was killed is waited for so long. */
const TIMES = { leaseSeconds: 2.5, timeoutSeconds: 2 };
const KEY = "app:session";

const KINDS = [
  ["redis", "redis 6", startRedis],
  ["redis", "ioredis 6", startRedis],
  ["postgres", "a Pool of pg", startPostgres],
  ["postgres", "a Pool of pg by PgBouncer", startBouncer],
];
/** Each of these takes a while. */
const BRIEFLY = ["redis 6", "a Pool of pg"];

for (const [kind, client, start] of LONG ? KINDS : KINDS.filter(([, client]) => BRIEFLY.includes(client))) {
  test(`${client}: eight processes send one request per rotation`, async (t) => {
    const { oidc, worker, close } = await opened(kind, client, start);
    try {
      const workers = Array.from({ length: PROCESSES }, () => worker(MILLISECONDS));
      const counts = await Promise.all(workers.map(({ ended }) => ended));
      report(t, oidc, counts);
      for (const { code, tokens, errors, failed } of counts) {
        assert.equal(code, 0, "its own listener heard no secret");
        assert.deepEqual({ errors, failed }, { errors: {}, failed: {} });
        assert.ok(tokens > 1);
      }
      assert.ok(oidc.requests.length >= 2);
      assert.ok(oidc.requests.every(({ outcome, rotated }) => outcome === "granted" && rotated));
      assert.equal(oidc.revokedFamilies.length, 0);
    } finally {
      await close();
    }
  });

  test(`${client}: killed processes and a crash of the server lose the session only where a reply was lost with its process`, async (t) => {
    const { oidc, server, storage, login, worker, close } = await opened(kind, client, start);
    let lost = 0;
    let inDoubt = 0;
    let kills = 0;
    const stored = () => storage.load().catch(() => undefined);
    const end = Date.now() + MILLISECONDS;
    try {
      const workers = Array.from({ length: PROCESSES - 1 }, () => worker(MILLISECONDS));
      let mortal = worker(600_000);
      const crashes = paused(MILLISECONDS / 2).then(async () => {
        await server.stop();
        await paused(300);
        await server.start();
      });
      while (Date.now() < end - 1000) {
        await paused(500 + Math.random() * 1500);
        const before = await stored();
        mortal.child.kill("SIGKILL");
        kills++;
        const after = await stored();
        // undefined: the server was away, so the outcome is unknown
        if (before?.pending || after?.pending || before === undefined || after === undefined) inDoubt++;
        if (after === null) {
          lost++;
          await login();
        }
        mortal = worker(600_000);
      }
      await crashes;
      mortal.child.kill("SIGKILL");
      const counts = await Promise.all(workers.map(({ ended }) => ended));
      report(t, oidc, counts, `, ${kills} kills, ${inDoubt} with a request out, ${lost} sessions lost`);
      for (const { code } of counts) assert.equal(code, 0, "its own listener heard no secret");
      assert.ok(kills >= 3);
      const refused = oidc.requests.filter(({ outcome }) => outcome === "refused").length;
      assert.ok(lost <= inDoubt, "a session is lost only where a process died with its request");
      assert.ok(refused <= 2 * inDoubt, "no refresh token is sent twice but as a last probe");
      assert.notEqual(await stored(), undefined, "the server is back");
    } finally {
      await close();
    }
  });
}

async function opened(kind, client, start) {
  const [oidc, server] = await Promise.all([startOidc({ accessTokenSeconds: 1 }), start()]);
  const connections = opener(clients[kind][client], server.port);
  const storage = storages[kind]((await connections.connections(1))[0], KEY, {
    leaseSeconds: TIMES.leaseSeconds,
  });
  const { client_id } = oidc.clients.none;
  const options = { token_endpoint: oidc.token_endpoint, client_id, timeoutSeconds: TIMES.timeoutSeconds };
  const children = [];

  async function login() {
    const refresher = createRefresher({ ...options, storage });
    await refresher.setTokens(await oidc.mint("none"));
    refresher.close();
  }

  function worker(milliseconds) {
    const given = { ...options, ...TIMES, kind, client, port: server.port, key: KEY, milliseconds };
    const child = spawn(process.execPath, [WORKER, JSON.stringify(given)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(child);
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"]) child[name].on("data", (chunk) => (output[name] += chunk));
    const ended = once(child, "close").then(([code]) => {
      heard("a process's output", output.stdout + output.stderr);
      assert.equal(output.stderr, "");
      return { code, ...(output.stdout && JSON.parse(output.stdout)) };
    });
    return { child, ended };
  }

  async function close() {
    children.forEach((child) => child.kill("SIGKILL"));
    await connections.close();
    await server.close();
    await oidc.close();
  }

  await login();
  return { oidc, server, storage, login, worker, close };
}

function report(t, { requests, revokedFamilies }, counts, more = "") {
  const granted = requests.filter(({ outcome }) => outcome === "granted").length;
  const sum = (which) => {
    const total = {};
    for (const { [which]: one } of counts)
      for (const [what, count] of Object.entries(one)) total[what] = (total[what] ?? 0) + count;
    return JSON.stringify(total);
  };
  t.diagnostic(
    `${requests.length} requests for ${granted} rotations, ${revokedFamilies.length} families revoked, ` +
      `${counts.reduce((all, { tokens }) => all + tokens, 0)} tokens, errors ${sum("errors")}, ` +
      `storage-failed ${sum("failed")}${more}`,
  );
}

const paused = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
