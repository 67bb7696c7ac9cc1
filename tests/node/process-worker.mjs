// One of several processes on one session: asks for a token again and again and prints the results. Not a test by itself.
import "../leaks/listener.mjs";
import { mkdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { createRefresher } from "oauth-refresher";
import { callbackStorage } from "oauth-refresher/storage";
import { fileStorage } from "oauth-refresher/storage/node";

const [token_endpoint, client_id, file, milliseconds, kind, recipe] = process.argv.slice(2);
const kinds = { file: () => ({ storage: fileStorage(file) }), host: () => hostStorage(file), keychain };
const kept = await kinds[kind]();
const refresher = createRefresher({ token_endpoint, client_id, ...kept, timeoutSeconds: 15 });
const end = Date.now() + Number(milliseconds);
const counts = { tokens: 0, errors: {} };
while (Date.now() < end) {
  try {
    await refresher.getAccessToken();
    counts.tokens++;
  } catch ({ code, message }) {
    counts.errors[code ?? message] = (counts.errors[code ?? message] ?? 0) + 1;
    if (code === "session_ended") break;
  }
  await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 30));
}
console.log(JSON.stringify(counts));
process.exit(); // with the exit code of the listener

/** A storage of the host: a file without compare-and-swap, and a folder as lock. */
function hostStorage(file) {
  const load = () => readFile(file, "utf8").then(JSON.parse, () => null);
  const save = async (record) => {
    await writeFile(`${file}.${process.pid}`, JSON.stringify(record));
    await rename(`${file}.${process.pid}`, file);
  };
  async function lock(work, { signal }) {
    for (;;) {
      signal.throwIfAborted();
      const taken = await mkdir(`${file}.taken`).then(
        () => true,
        () => false,
      );
      if (taken) break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    try {
      return await work();
    } finally {
      await rmdir(`${file}.taken`);
    }
  }
  return { storage: callbackStorage({ load, save }), lock };
}

/** The recipe of docs/storage.md, over an entry that takes its time and neither compares nor locks. */
async function keychain() {
  const { keychainStorage } = await import(recipe);
  const slow = () => new Promise((resolve) => setTimeout(resolve, 3 * Math.random()));
  const entry = {
    getPassword: () => slow().then(() => readFile(file, "utf8").catch(() => null)),
    async setPassword(text) {
      await slow();
      await writeFile(`${file}.${process.pid}`, text);
      await rename(`${file}.${process.pid}`, file);
    },
    deletePassword: () => slow().then(() => rm(file, { force: true })),
  };
  return { storage: keychainStorage(entry, file) };
}
