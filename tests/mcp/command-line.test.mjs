// The program of docs/command-line.md, as it stands there, in processes of its own: with a file and with a keychain that can neither lock nor
// compare, over TLS on loopback, stopped by Ctrl-Z and by SIGSTOP.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { transform } from "esbuild";
import { recipesOf } from "../compose/recipes.mjs";
import { certificateAuthority } from "../servers/certificates.mjs";
import { respond } from "../servers/wire.mjs";
import { startAuthorization } from "./servers/authorization.mjs";

const isLong = !!process.env.OAUTH_REFRESHER_LONG;
const HERE = dirname(fileURLToPath(import.meta.url));

/** As a keychain is: slow, shared by the processes of a user, whole at each write, with no lock and nothing to compare. */
const KEYRING = `
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
const entry = process.env.MY_TOOL_HOME + "/keychain";
export const keyring = {
  async read() { await sleep(30); return readFile(entry, "utf8").catch(() => null); },
  async write(text) {
    await sleep(30);
    await writeFile(entry + process.pid, text);
    await rename(entry + process.pid, entry);
  },
  async remove() { await sleep(30); await rm(entry, { force: true }); },
};`;

describe("docs/command-line.md", { concurrency: 2 }, () => {
  for (const kind of ["storage", "keychain"])
    describe(
      kind === "storage" ? "the session in a file" : "the session in a keychain",
      { timeout: 120_000, concurrency: 1 },
      () => {
        let authorization, api, folder, running;

        before(async () => {
          authorization = await startAuthorization({ accessSeconds: 2 });
          authorization.register({ client_id: "my-tool" });
          const authority = certificateAuthority();
          api = createServer(authority.issue("loopback"), (req, res) => {
            if (new URL(req.url, "https://127.0.0.1").pathname !== "/me")
              return authorization.handle(req, res);
            const token = /^Bearer (\S+)$/i.exec(req.headers.authorization ?? "")?.[1];
            const isGood = !!authorization.familyOf(token);
            respond(
              res,
              isGood ? 200 : 401,
              { isGood },
              isGood ? {} : { "WWW-Authenticate": 'Bearer error="invalid_token"' },
            );
          });
          await new Promise((resolve) => api.listen(0, "127.0.0.1", resolve));
          authorization.issuer = `https://127.0.0.1:${api.address().port}`;
          mkdirSync(join(HERE, "node_modules/.recipes"), { recursive: true });
          folder = mkdtempSync(join(HERE, "node_modules/.recipes/command-line-"));
          writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
          writeFileSync(join(folder, "ca.pem"), authority.ca);
          const recipes = recipesOf("docs/command-line.md");
          const written = { "my-tool.js": recipes["my-tool.ts"], "storage.js": recipes[`${kind}.ts`] };
          for (const [name, text] of Object.entries(written)) {
            const { code } = await transform(text, { loader: "ts" });
            writeFileSync(
              join(folder, name),
              code.replaceAll(/https:\/\/(auth|api)\.example/g, authorization.issuer),
            );
          }
          writeFileSync(join(folder, "keyring.js"), KEYRING);
          running = new Set();
        });

        after(async () => {
          for (const child of running) child.kill("SIGKILL");
          api?.closeAllConnections();
          api?.close();
          await authorization?.close();
          if (folder) rmSync(folder, { recursive: true, force: true });
        });

        const program = (...words) => [process.execPath, join(folder, "my-tool.js"), ...words];

        /** What it printed, and how it ended: by itself, within `withinMs`. */
        function ran([command, ...words], withinMs = 60_000) {
          const env = { ...process.env, MY_TOOL_HOME: folder, NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") };
          const child = spawn(command, words, { env, stdio: ["ignore", "pipe", "pipe"] });
          running.add(child);
          const output = { out: "", err: "" };
          child.stdout.on("data", (text) => (output.out += text));
          child.stderr.on("data", (text) => (output.err += text));
          const ended = new Promise((resolve, reject) => {
            const hangs = setTimeout(
              () => reject(new Error(`it hangs: ${JSON.stringify(output)}`)),
              withinMs,
            );
            child.once("exit", (code) => {
              clearTimeout(hangs);
              running.delete(child);
              resolve({ ...output, code });
            });
          });
          return Object.assign(ended, { child });
        }

        const good = ({ out, err, code }, times = 1) => {
          assert.deepEqual({ err, code }, { err: "", code: 0 });
          assert.equal(out.match(/"isGood":true/g)?.length, times, out);
        };

        test("without a session it says what to do", async () => {
          const { err, code } = await ran(program("get"));
          assert.deepEqual([err, code], ["Run my-tool login\n", 1]);
        });

        test("login by device code, then a call; each process ends by itself", async () => {
          const { out, code } = await ran(program("login"));
          assert.match(out, /Open .*\/device and type [A-Z-]+\nLogged in/);
          assert.equal(code, 0);
          good(await ran(program("get")));
          assert.equal(existsSync(join(folder, kind === "keychain" ? "keychain" : "session.json")), true);
        });

        test("of several processes with an expired token one refreshes", async () => {
          await sleep(2100);
          const { refreshes } = authorization.counts;
          authorization.accessSeconds = 3600;
          for (const result of await Promise.all([1, 2, 3].map(() => ran(program("get"))))) good(result);
          assert.equal(authorization.counts.refreshes - refreshes, 1);
          authorization.accessSeconds = 2;
          authorization.rejectAccessTokens();
          assert.equal(authorization.counts.secondUses, 0);
        });

        for (const signal of isLong ? ["SIGTSTP", "SIGSTOP"] : [kind === "storage" ? "SIGTSTP" : "SIGSTOP"])
          test(`processes that ${signal} stops for four seconds go on, and lose nothing`, async () => {
            // a job of a shell with job control: the kernel drops SIGTSTP for an orphaned process group
            const job = ["bash", "-c", 'set -m; "$@" & wait -f $!', "bash", ...program("watch", "12")];
            const two = [ran(job), ran(job)];
            await sleep(2000);
            const pids = two.map(({ child }) => childOf(child.pid));
            for (const pid of pids) process.kill(pid, signal);
            await sleep(500);
            assert.deepEqual(pids.map(stateOf), ["T", "T"]);
            await sleep(3500);
            for (const pid of pids) process.kill(pid, "SIGCONT");
            for (const result of await Promise.all(two)) {
              // what the shell says of its job
              good({ ...result, err: result.err.replace(/^\[1\].*$/gm, "").trim() }, 12);
            }
            assert.deepEqual([authorization.counts.secondUses, authorization.counts.logins], [0, 1]);
          });

        test("logout ends the session at the server, and for every process", async () => {
          assert.equal((await ran(program("logout"))).code, 0);
          assert.equal(authorization.liveFamilies(), 0);
          assert.equal((await ran(program("get"))).err, "Run my-tool login\n");
          if (kind === "keychain") assert.equal(existsSync(join(folder, "keychain")), false);
        });
      },
    );
});

const childOf = (pid) =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]);
const stateOf = (pid) => /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))[1];
