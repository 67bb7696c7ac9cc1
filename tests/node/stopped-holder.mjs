// A process that refreshes once under a lock of two seconds and prints what it does. Not a test by itself.
import "../leaks/listener.mjs";
import { createHash } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { createRefresher } from "oauth-refresher";
import { callbackStorage } from "oauth-refresher/storage";
import { fileLock } from "oauth-refresher/storage/node";

const [token_endpoint, client_id, file, stops] = process.argv.slice(2);
const say = (word) => process.stdout.write(`${word}\n`);
/** Time for the test to stop this process; a process that was stopped goes on at once. */
const stopped = async (at) => {
  say(at);
  if (at !== stops) return;
  const begun = Date.now();
  while (Date.now() - begun < 4000) await new Promise((resolve) => setTimeout(resolve, 20));
};
/** Compares nothing: only the lock tells that another process wrote. */
const storage = callbackStorage({
  load: () => readFile(file, "utf8").then(JSON.parse, () => null),
  async save(record) {
    say(record.pending ? "mark" : "save");
    await writeFile(`${file}.${process.pid}`, JSON.stringify(record));
    await rename(`${file}.${process.pid}`, file);
  },
});
const taken = fileLock(`${file}.lock`);
const refresher = createRefresher({
  token_endpoint,
  client_id,
  storage,
  // the process that takes over does not wait until the request of this one has certainly ended
  reuse: { graceSeconds: 60 },
  lock: (work, options) => taken(work, { ...options, leaseSeconds: 2 }),
  headers: { "x-attempt": () => stopped("building").then(() => "1") },
  async fetch(...given) {
    say("send");
    const reply = await fetch(...given);
    await stopped("replied");
    return reply;
  },
});
const access_token = await refresher.getAccessToken().catch(({ code }) => code);
say(`end ${createHash("sha256").update(access_token).digest("base64url")}`);
process.exit(); // with the exit code of the listener
