// Debian's postgresql. Not a test by itself.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { chown } from "node:fs/promises";
import { dirname, join } from "node:path";
import pg from "pg";
import { installed } from "../browser/engines/debian.mjs";
import { addressOf } from "./address.mjs";
import { freePort, startProgram, temporaryFolder } from "./loopback.mjs";

const VERSIONS = "/usr/lib/postgresql";

export async function startPostgres() {
  const folders = () =>
    (existsSync(VERSIONS) ? readdirSync(VERSIONS) : []).map((v) => join(VERSIONS, v, "bin"));
  const found = installed({ program: "postgres", packages: ["postgresql"], folders, say: console.log });
  const program = realpathSync(found); // initdb lies beside it
  const { folder, remove } = await temporaryFolder();
  const user = await owner(folder);
  const initdb = [
    "--pgdata",
    join(folder, "files"),
    "--username",
    "postgres",
    "--auth",
    "trust",
    "--no-sync",
  ];
  execFileSync(join(dirname(program), "initdb"), [...initdb, "--encoding", "UTF8", "--no-locale"], {
    ...user,
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const port = await freePort();
  // fsync is for machines that lose power: a server that crashes keeps what the system has
  const settings = [
    "fsync=off",
    "max_connections=200",
    `unix_socket_directories=${folder}`,
    "log_statement=none",
  ];
  const args = [
    "-D",
    join(folder, "files"),
    "-h",
    "127.0.0.1",
    "-p",
    port,
    ...settings.flatMap((one) => ["-c", one]),
  ];
  const answers = () => query(port, "SELECT 1").then(Boolean, () => false);
  const start = () => startProgram({ program, args, answers, options: { ...user, cwd: folder } });
  let running = await start();
  return {
    port,
    /** One statement, on a connection of its own. */
    query: (text, values) => query(port, text, values),
    /** At once, as in a crash: what was under way is undone when it is back. */
    stop: () => running.stop("SIGQUIT"),
    start: async () => void (running = await start()),
    async close() {
      await running.stop("SIGQUIT");
      await remove();
    },
  };
}

async function query(port, text, values) {
  const client = new pg.Client({ ...addressOf(port), connectionTimeoutMillis: 5000 });
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** PostgreSQL does not run as root. */
export async function owner(folder) {
  if (process.getuid() !== 0) return {};
  const [uid, gid] = ["-u", "-g"].map((which) =>
    Number(execFileSync("id", [which, "postgres"], { encoding: "utf8" })),
  );
  await chown(folder, uid, gid);
  return { uid, gid };
}
