// A user's project: a temporary folder in which npm installed the packed tarball. Not a test by itself.

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { heard } from "../leaks/search.mjs";

const TARBALL = fileURLToPath(new URL("../../dist/oauth-refresher.tgz", import.meta.url));
const LIMIT_MS = 60_000;

/** A project with only the package; `manifest` has further members of its package.json. */
export async function startProject(manifest = {}) {
  const folder = await mkdtemp(join(tmpdir(), "oauth-refresher-"));
  const write = (name, text) => writeFile(join(folder, name), text);
  await write("package.json", JSON.stringify({ private: true, ...manifest }));
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  // --offline: a package without dependencies needs no registry
  const installed = await run(
    npm,
    ["install", "--offline", "--no-audit", "--no-fund", "--no-save", TARBALL],
    folder,
  );
  if (installed.code !== 0) throw new Error(`npm install failed: ${installed.stderr}`);
  return {
    folder,
    write,
    /** Runs a script of the project with `args`, for a minute at most. */
    async node(name, text, args = []) {
      await write(name, text);
      return run(process.execPath, [name, ...args], folder);
    },
    /** Runs another program in the project. */
    run: (program, args) => run(program, args, folder),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function run(program, args, cwd) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    const limit = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    const said = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"]) child[name].on("data", (chunk) => (said[name] += chunk));
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(limit);
      heard("a program's output", said.stdout + said.stderr);
      resolve({ code: code ?? signal, ...said, elapsedMs: performance.now() - started });
    });
  });
}
