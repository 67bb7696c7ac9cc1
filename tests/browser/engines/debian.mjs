// Programs that are in Debian and not on npm.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** The program's path. If it is missing and this is root, its packages are installed. `folders`: other folders than those of the PATH. */
export function installed({ program, packages, say, folders = () => [] }) {
  const present = found(program, folders());
  if (present) return present;
  const command = `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  const missing = `${program} is not installed; on Debian, run: ${command}`;
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) throw new Error(missing);
  say(`${program} is not installed, so: ${command}`);
  if (!succeeds(command) && !(succeeds("apt-get update") && succeeds(command))) throw new Error(missing);
  return found(program, folders()) ?? fail(`${program} is not in ${packages.join(", ")}`);
}

/** The first folder of the PATH, or of the others, that contains it. */
function found(program, others) {
  const folders = [...(process.env.PATH ?? "").split(":"), ...others];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

function succeeds(command) {
  // two test files may install at the same time
  const [program, ...args] = `${command} -o DPkg::Lock::Timeout=120`.split(" ");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync(program, args, { env, stdio: "ignore", timeout: 300_000 }).status === 0;
}

function fail(message) {
  throw new Error(message);
}
