// Where the package was installed, and how a program and a page import it from there.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const FALLBACK = fileURLToPath(new URL("../tests/node_modules/oauth-refresher", import.meta.url));

/** The directory of the installed package: `cargo xtask demo` names it; else where `cargo xtask pack` unpacks it. */
export const installedDirectory = () => process.env.OAUTH_REFRESHER_PACKAGE || FALLBACK;

/** The package's modules as a program that installed it would import them. */
export async function importInstalled(directory) {
  const require = createRequire(join(directory, "package.json")); // a package may name itself: what `exports` says holds
  const load = (name) => import(pathToFileURL(require.resolve(name)).href);
  try {
    const [{ createRefresher }, storage, providers] = await Promise.all(
      ["oauth-refresher", "oauth-refresher/storage", "oauth-refresher/providers"].map(load),
    );
    return { createRefresher, storage, providers };
  } catch (error) {
    const why = `oauth-refresher cannot be imported from ${directory}: run cargo xtask demo`;
    throw new Error(`${why} (${error.message.split("\n")[0]})`);
  }
}

/** An import map for the package's `exports`, served below `prefix`. */
export async function importMap(directory, prefix) {
  const { name, exports } = JSON.parse(await readFile(join(directory, "package.json"), "utf8"));
  const imports = {};
  for (const [path, target] of Object.entries(exports)) {
    const file = typeof target === "string" ? target : (target.browser ?? target.import ?? target.default);
    if (typeof file === "string" && file.endsWith(".js"))
      imports[name + path.slice(1)] = prefix + file.slice(1);
  }
  return { imports };
}
