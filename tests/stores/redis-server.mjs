// Debian's redis-server. Not a test by itself.

import { Redis } from "ioredis";
import { installed } from "../browser/engines/debian.mjs";
import { freePort, startProgram, temporaryFolder } from "./loopback.mjs";

/** `cluster`: a cluster of this one server, which looks at the slots of keys. */
export async function startRedis({ cluster = false } = {}) {
  const program = installed({ program: "redis-server", packages: ["redis-server"], say: console.log });
  const { folder, remove } = await temporaryFolder();
  const port = await freePort();
  // What it has answered for is on the disk, even if it is killed: a session is not a cache.
  const durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
  const args = ["--port", port, "--bind", "127.0.0.1", "--dir", folder, ...durable];
  if (cluster) args.push("--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1");
  const start = () => startProgram({ program, args, answers: () => command(port, "ping") });
  let running = await start();
  if (cluster) {
    await command(port, "cluster", "addslotsrange", 0, 16383);
    while (!/cluster_state:ok/.test(await command(port, "cluster", "info")));
  }
  return {
    port,
    /** One command, on a connection of its own. */
    command: (...words) => command(port, ...words),
    stop: () => running.stop("SIGKILL"),
    start: async () => void (running = await start()),
    async close() {
      await running.stop("SIGKILL");
      await remove();
    },
  };
}

async function command(port, ...words) {
  const client = new Redis(port, "127.0.0.1", { retryStrategy: null, lazyConnect: true });
  client.on("error", () => {});
  try {
    await client.connect();
    return await client.call(...words);
  } catch (error) {
    if (error.name === "ReplyError" && !/LOADING/.test(error.message)) throw error;
    return undefined;
  } finally {
    client.disconnect();
  }
}
