// django-oauth-toolkit, started by the test that needs it. Not a test by itself.

import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { installed } from "../browser/engines/debian.mjs";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const REQUIREMENTS = here("requirements.txt");

/** Contains characters that form-encoding changes (RFC 6749 section 2.3.1). */
export const client_secret = "s3cret+/=% of a test";

/** `settings`: OAUTH2_PROVIDER of django-oauth-toolkit. */
export async function startDjango(settings) {
  const python = await environment();
  const folder = await mkdtemp(join(tmpdir(), "oauth-refresher-django-"));
  const configuration = JSON.stringify({ settings, client_secret, database: join(folder, "db.sqlite3") });
  const child = spawn(python, [here("server.py"), configuration], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const said = createInterface(child.stdout)[Symbol.asyncIterator]().next();
  const { value: port } = await Promise.race([said, ended.then(() => ({}))]);
  if (!port) throw new Error("django-oauth-toolkit did not start; what it said is above");
  const origin = `http://127.0.0.1:${port}`;
  const token_endpoint = `${origin}/o/token/`;
  return {
    token_endpoint,
    revocation_endpoint: `${origin}/o/revoke_token/`,
    /** The tokens of a login by the password grant, which needs no browser. */
    async login(client_id = "public") {
      const body = new URLSearchParams({
        grant_type: "password",
        username: "ada",
        password: "ada's password",
      });
      body.set("client_id", client_id);
      if (client_id === "confidential") body.set("client_secret", client_secret);
      const response = await fetch(token_endpoint, { method: "POST", body });
      if (!response.ok) throw new Error(`no login: ${response.status}`);
      return response.json();
    },
    /** Refreshes without this library: the server's error code, or undefined. This uses the token. */
    async refusal(refresh_token) {
      const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token, client_id: "public" });
      return (await (await fetch(token_endpoint, { method: "POST", body })).json()).error;
    },
    async close() {
      child.stdin.end();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Python with the pinned packages, in target/; created once for a list of them. */
async function environment() {
  const name = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex").slice(0, 12);
  const folder = here(`../../target/python-${name}`);
  const python = join(folder, "bin", "python");
  if (existsSync(python)) return python;
  const made = `${folder}.${process.pid}`;
  try {
    const packages = ["python3", "python3-venv"];
    run(installed({ program: "python3", packages, say: console.log }), ["-m", "venv", made]);
    run(join(made, "bin", "python"), [
      "-m",
      "pip",
      "install",
      "-q",
      "--disable-pip-version-check",
      "-r",
      REQUIREMENTS,
    ]);
    await rename(made, folder);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    if (!existsSync(python))
      throw new Error(
        `python3 with its venv (Debian: python3-venv) and a package index is needed for django-oauth-toolkit: ${error.message}`,
      );
  }
  return python;
}

function run(program, args) {
  execFileSync(program, args, { stdio: ["ignore", "ignore", "inherit"], timeout: 300_000 });
}
