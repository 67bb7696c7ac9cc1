// Two processes of a service on one session in Redis: `cargo xtask example node`.
//
// The refresh tokens are good for one use, and a second use ends the session. REDIS_URL names a Redis; without it a redis-server is
// started for as long as this runs.

import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { startServer } from "../shared/server.mjs";

const SERVICE = fileURLToPath(new URL("service.mjs", import.meta.url));

const redis = process.env.REDIS_URL
  ? { url: process.env.REDIS_URL, close: async () => {} }
  : await startRedis();
const server = await startServer({ fakeAuthorizationServer, accessTokenSeconds: 3 });
Object.assign(process.env, {
  REDIS_URL: redis.url,
  TOKEN_ENDPOINT: server.token_endpoint,
  CLIENT_ID: server.client_id,
  API: server.origin,
});
try {
  await logIn();
  const processes = [fork(SERVICE), fork(SERVICE)];
  const codes = await Promise.all(processes.map((process) => once(process, "exit").then(([code]) => code)));
  const refused = server.requests.filter(({ status }) => status !== 200).length;
  console.log(
    `the authorization server: ${server.requests.length} token requests by two processes, ${refused} refused`,
  );
  process.exitCode = codes.some((code) => code !== 0) || refused ? 1 : 0;
} finally {
  server.close();
  await redis.close();
}

/** What the callback of a login does. */
async function logIn() {
  const { openSession } = await import("./session.mjs");
  const { refresher, close } = await openSession();
  await refresher.setTokens(server.login());
  await close();
}

async function startRedis() {
  const folder = await mkdtemp(join(tmpdir(), "oauth-refresher-example-"));
  const port = await freePort();
  const args = ["--port", port, "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes", "--save", ""];
  const child = spawn("redis-server", args, { stdio: "ignore" });
  child.once("error", () => {
    console.error(
      "redis-server cannot be started: install it (Debian: apt-get install redis-server), or set REDIS_URL",
    );
    process.exit(1);
  });
  while (!(await answers(port))) await delay(50);
  return {
    url: `redis://127.0.0.1:${port}`,
    async close() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
