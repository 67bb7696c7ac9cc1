// The declarations, in every kind of project and with every TypeScript that is promised: the one of the tests always, all with --long.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { packagesFolder } from "../matrix/project.mjs";
import { NODE, WORKERD } from "../matrix/sub-paths.mjs";
import { contract, members, NAMES } from "./contract.mjs";
import { PROJECTS, VERSIONS } from "./settings.mjs";

const TESTS = join(dirname(fileURLToPath(import.meta.url)), "../..");
const PROJECT = join(TESTS, "../target/matrix/declarations");
const LIMIT_MS = 120_000;

/** What a user writes, with the names of the contract that a project of this kind can import. */
const uses = (platform) => `${contract(platform)}
${members()}
import { createRefresher, RefreshError as Failure } from "oauth-refresher";
import { callbackStorage } from "oauth-refresher/storage";
import type { TokenSet as Tokens } from "oauth-refresher";

const refresher: Refresher = createRefresher({
  token_endpoint: "https://auth.example/token",
  client_id: "matrix",
  storage: callbackStorage({ load: () => null, save: () => undefined }),
  origins: ["https://api.example"],
});
refresher.addEventListener("token-changed", ({ detail }) => {
  const tokens: Tokens | null = detail.tokens;
  tokens?.access_token.toUpperCase();
});
export const answer = async (): Promise<string | undefined> => {
  try {
    return (await refresher.fetch("https://api.example/me", { method: "POST", body: "x" })).headers.get("etag") ?? undefined;
  } catch (error) {
    if (error instanceof Failure && error.code === "session_ended") return error.message;
    throw error;
  } finally {
    refresher[Symbol.dispose]();
  }
};
`;

const LONG = !!process.env.OAUTH_REFRESHER_LONG;
/** Each resolution and each platform once; all pairs with --long. */
const projects = PROJECTS.filter((_, index) => LONG || index % 4 === 0);
const compilers = { "of the tests": () => join(TESTS, "node_modules/typescript") };
if (LONG)
  for (const version of VERSIONS)
    compilers[version] = async () =>
      join(await packagesFolder(`typescript-${version}`, { typescript: version }), "node_modules/typescript");

for (const [version, folder] of Object.entries(compilers))
  test(
    `TypeScript ${version} has nothing to say in any kind of project`,
    { timeout: 20 * LIMIT_MS },
    async () => {
      const compiler = join(await folder(), "bin/tsc");
      for (const { name, platform, compilerOptions } of projects) {
        const said = await complaints(compiler, uses(platform), compilerOptions);
        assert.deepEqual(said, [], name);
      }
    },
  );

test("the README promises the oldest TypeScript that is tested", () => {
  const [, promised] = /TypeScript (\d+\.\d+) or newer/.exec(
    readFileSync(join(TESTS, "../README.md"), "utf8"),
  );
  assert.ok(VERSIONS[0].startsWith(`${promised}.`), promised);
});

test("every sub-path of the package is in the contract's names and in the matrix", () => {
  const manifest = readFileSync(join(TESTS, "node_modules/oauth-refresher/package.json"), "utf8");
  const modules = Object.entries(JSON.parse(manifest).exports).filter(
    ([, target]) => typeof target === "object",
  );
  const names = modules.map(([name]) => name.replace(".", "oauth-refresher")).sort();
  assert.deepEqual(Object.keys(NAMES).sort(), names);
  assert.deepEqual([...new Set([...NODE, ...WORKERD])].sort(), names);
});

test("code that uses the declarations wrongly is refused", async () => {
  const compiler = join(TESTS, "node_modules/typescript/bin/tsc");
  const wrong =
    'import { createRefresher, RefreshError as Failure } from "oauth-refresher";\ncreateRefresher({ token_endpoint: 1 });\n';
  const [said, ...others] = await complaints(compiler, wrong, PROJECTS[0].compilerOptions);
  assert.match(said, /Type 'number' is not assignable to type 'string'/);
  assert.deepEqual(others, []);
});

/** Of our declarations and of the user's file; a platform's own types are not what is tested. */
async function complaints(compiler, text, compilerOptions) {
  await rm(PROJECT, { recursive: true, force: true });
  await mkdir(PROJECT, { recursive: true });
  await symlink(join(TESTS, "node_modules"), join(PROJECT, "node_modules"));
  await writeFile(join(PROJECT, "package.json"), '{ "type": "module", "private": true }');
  await writeFile(join(PROJECT, "user.ts"), text);
  const options = { ...compilerOptions, preserveSymlinks: true };
  await writeFile(
    join(PROJECT, "tsconfig.json"),
    JSON.stringify({ compilerOptions: options, files: ["user.ts"] }),
  );
  const output = await new Promise((resolve) => {
    const args = [compiler, "--project", PROJECT, "--pretty", "false"];
    execFile(process.execPath, args, { timeout: LIMIT_MS, maxBuffer: 1e8 }, (error, stdout, stderr) =>
      resolve(stdout + stderr + (error && !stdout ? error.message : "")),
    );
  });
  const lines = output.split("\n").filter((line) => /^\S/.test(line));
  return lines.filter((line) => !/node_modules\/(?!oauth-refresher)[^:]*\(\d/.test(line));
}
