// Servers on loopback and several client processes of one user, for one column of the table: an SDK by itself, or with mcpSession.

import { fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startAuthorization } from "./servers/authorization.mjs";
import { startMcp } from "./servers/mcp.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));

export const columns = [
  { name: "SDK 1", sdk: "v1", isOurs: false },
  { name: "SDK 2", sdk: "v2", isOurs: false },
  { name: "mcpSession, SDK 1", sdk: "v1", isOurs: true },
  { name: "mcpSession, SDK 2", sdk: "v2", isOurs: true },
];

export async function startRig(column, { authorization: options, started } = {}) {
  const authorization = started ?? (await startAuthorization(options));
  const mcp = await startMcp({ authorization });
  const folder = mkdtempSync(join(tmpdir(), "oauth-refresher-rig-"));
  const processes = [];

  /** A process that is ready to run, and waits. */
  async function prepare(plan) {
    const argument = {
      ...column,
      url: mcp.url,
      folder,
      name: processes.length,
      everyMs: 200,
      seconds: 20,
      ...plan,
    };
    const child = fork(join(HERE, "process.mjs"), [JSON.stringify(argument)], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      execArgv: [],
    });
    let stderr = "";
    child.stderr.on("data", (text) => (stderr += text));
    const self = { child, pid: child.pid, told: { calls: 0, failed: 0, logins: 0, errors: {} } };
    processes.push(self);
    self.done = new Promise((resolve) => child.once("exit", () => resolve(self.told)));
    await new Promise((resolve, reject) => {
      child.on("message", (told) => {
        if (told.isReady) return resolve();
        self.told = told;
      });
      child.once("exit", () => reject(new Error(`a client process ended: ${stderr.slice(-600)}`)));
    });
    return self;
  }

  return {
    authorization,
    mcp,
    folder,
    processes,
    /** The login that was there before: what follows needs none. */
    async loggedIn(plan = {}) {
      const first = await prepare({ seconds: 0.01, ...plan });
      first.child.send("go");
      await first.done;
      processes.splice(0);
      for (const name of Object.keys(authorization.counts)) authorization.counts[name] = 0;
    },
    async prepare(count, plan) {
      return Promise.all(Array.from({ length: count }, () => prepare(plan)));
    },
    /** Lets them run, all at once, to their end. */
    async run(count, plan) {
      const prepared = await this.prepare(count, plan);
      for (const { child } of prepared) child.send("go");
      await Promise.all(prepared.map(({ done }) => done));
    },
    /** A key that all processes find. */
    async writeKey() {
      const { privateKey, publicKey } = await crypto.subtle.generateKey(
        { name: "ECDSA", namedCurve: "P-256" },
        true,
        ["sign", "verify"],
      );
      const path = join(folder, "key.json");
      const exported = (key) => crypto.subtle.exportKey("jwk", key);
      const publicJwk = await exported(publicKey);
      const bare = ({ kty, crv, x, y }) => ({ kty, crv, x, y });
      writeFileSync(
        path,
        JSON.stringify({ privateKey: await exported(privateKey), publicKey: bare(publicJwk) }),
      );
      return path;
    },
    /** What came of all processes together. */
    figures() {
      const sum = { calls: 0, failed: 0, logins: 0, secondUses: authorization.counts.secondUses, errors: {} };
      for (const { told } of processes) {
        for (const name of ["calls", "failed", "logins"]) sum[name] += told[name];
        for (const [text, count] of Object.entries(told.errors))
          sum.errors[text] = (sum.errors[text] ?? 0) + count;
      }
      return sum;
    },
    async close() {
      for (const { child } of processes) if (child.exitCode === null) child.kill("SIGKILL");
      await Promise.all(processes.map(({ done }) => done));
      await Promise.all([mcp.close(), authorization.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
