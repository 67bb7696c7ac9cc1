// Deno and Bun as npm has them for this machine: undefined where it has none. Not a test by itself.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MODULES = fileURLToPath(new URL("../node_modules", import.meta.url));

export const deno = found("@deno", "deno");
/** An older npm runs the script of Bun's package, which moves the program. */
export const bun = found("@oven", "bin/bun") ?? at("bun/bin/bun.exe");

function found(scope, path) {
  const folder = join(MODULES, scope);
  if (!existsSync(folder)) return undefined;
  return readdirSync(folder)
    .map((name) => join(folder, name, path))
    .find(existsSync);
}

function at(path) {
  const whole = join(MODULES, path);
  return existsSync(whole) ? whole : undefined;
}
