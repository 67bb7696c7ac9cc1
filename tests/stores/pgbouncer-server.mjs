// Debian's pgbouncer before Debian's postgresql: each transaction gets another session of the server. Not a test by itself.

import { chown, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { installed } from "../browser/engines/debian.mjs";
import { addressOf } from "./address.mjs";
import { freePort, startProgram, temporaryFolder } from "./loopback.mjs";
import { owner, startPostgres } from "./postgres-server.mjs";

/** As `startPostgres`; clients come by the pooler, and `stop` and `start` are the database's. */
export async function startBouncer() {
  const database = await startPostgres();
  const program = installed({
    program: "pgbouncer",
    packages: ["pgbouncer"],
    folders: () => ["/usr/sbin"],
    say: console.log,
  });
  const { folder, remove } = await temporaryFolder();
  const user = await owner(folder);
  const port = await freePort();
  const settings = join(folder, "pgbouncer.ini");
  const lines = [
    "[databases]",
    `postgres = host=127.0.0.1 port=${database.port} user=postgres`,
    "[pgbouncer]",
    "listen_addr = 127.0.0.1",
    `listen_port = ${port}`,
    "unix_socket_dir =",
    "auth_type = any",
    "pool_mode = transaction",
    "default_pool_size = 4", // fewer than there are clients: they do take turns
    "max_client_conn = 200",
    "server_login_retry = 1", // after an outage it waits for fifteen seconds else
    "log_connections = 0",
    "log_disconnections = 0",
  ];
  await writeFile(settings, lines.join("\n"));
  if (user.uid !== undefined) await chown(settings, user.uid, user.gid);
  const running = await startProgram({
    program,
    args: [settings],
    answers: () => answers(port),
    options: { ...user, cwd: folder },
  });
  return {
    ...database,
    port,
    async close() {
      await running.stop("SIGTERM");
      await database.close();
      await remove();
    },
  };
}

async function answers(port) {
  const client = new pg.Client({ ...addressOf(port), connectionTimeoutMillis: 5000 });
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.query("SELECT 1")).rows.length === 1;
  } catch {
    return false;
  } finally {
    await client.end();
  }
}
