// A server program of our own on a loopback port, in a folder of its own. Not a test by itself.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { heard } from "../leaks/search.mjs";

const START_LIMIT_MS = 60_000;

/** Whatever a server writes is listened to: an error that quotes a statement must not hold a token. */
export async function startProgram({ program, args, answers, options = {} }) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const closed = once(child, "close");
  // not on our account: the end of the tests is the end of the server
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  closed.then(() => {
    process.off("exit", kill);
    heard(`what ${program} wrote`, output);
  });

  const end = Date.now() + START_LIMIT_MS;
  while (!(await answers())) {
    if (child.exitCode !== null || Date.now() > end) {
      child.kill("SIGKILL");
      throw new Error(`${program} did not start:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return {
    async stop(signal) {
      child.kill(signal);
      await closed;
    },
  };
}

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function temporaryFolder() {
  const folder = await mkdtemp(join(tmpdir(), "oauth-refresher-"));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
