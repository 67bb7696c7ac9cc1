// A holder that was stopped for longer than its lease, while another process took the lock over.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { startOidc } from "../servers/oidc.mjs";

const HOLDER = new URL("./stopped-holder.mjs", import.meta.url).pathname;

let folder;
before(async () => (folder = await mkdtemp(join(tmpdir(), "oauth-refresher-"))));
after(() => rm(folder, { recursive: true, force: true }));

/** A process that says what it does, and is stopped at that word. */
function start(oidc, file, stops = "") {
  const child = spawn(
    process.execPath,
    [HOLDER, oidc.token_endpoint, oidc.clients.none.client_id, file, stops],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const words = [];
  const lines = createInterface(child.stdout);
  lines.on("line", (word) => words.push(word));
  const said = (wanted) =>
    new Promise((resolve) => {
      const look = () => words.some((word) => word.startsWith(wanted)) && resolve(words);
      lines.on("line", look);
      look();
    });
  return { child, words, said };
}

for (const [stops, claim] of [
  ["building", "does not send"],
  ["replied", "does not overwrite"],
])
  test(`a holder that is stopped past its lease while another process takes over ${claim}`, async () => {
    const oidc = await startOidc({ graceSeconds: stops === "replied" ? 60 : 0 });
    const file = join(folder, `${stops}.json`);
    try {
      const tokens = { ...(await oidc.mint("none")), expires_in: 1 };
      const record = { format: 1, generation: 1, tokens, obtained_at: 1, session: "1-a-1" };
      await writeFile(file, JSON.stringify(record));
      const holder = start(oidc, file, stops);
      await holder.said(stops);
      holder.child.kill("SIGSTOP");
      const other = start(oidc, file);
      await other.said("end");
      const theirs = await readFile(file, "utf8");
      assert.ok(!theirs.includes('"pending"'), theirs);
      holder.child.kill("SIGCONT");
      await holder.said("end");
      assert.deepEqual(other.words.slice(0, 4), ["mark", "building", "send", "replied"]);
      assert.equal(holder.words.filter((word) => word === "send").length, stops === "building" ? 0 : 1);
      assert.equal(holder.words.filter((word) => word === "save").length, 0);
      assert.equal(await readFile(file, "utf8"), theirs, "what the other process wrote stands");
      assert.equal(holder.words.at(-1), other.words.at(-1), "and its tokens are served");
    } finally {
      await oidc.close();
    }
  });
