// @ts-check
import { link, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** A holder says this often that it lives; one that was silent for as long as SILENT_MS has lost the lock. */
const BEAT_MS = 2000;
const SILENT_MS = 15_000;
const POLL_MS = 15;
const RELEASED = "released";

/**
 * Runs `work` while no other process of this machine runs its own under that name.
 *
 * The lock is whoever made the file with the highest number. A free lock is taken by making the next number, which only one
 * process can do, and the highest file is never removed: so nobody takes away, by mistake, the lock of a process that got it a
 * moment before. A holder that was killed is known by its process id, one that hangs by its silence.
 * @template T @param {string} path @param {() => Promise<T>} work @param {AbortSignal} [signal]
 * @returns {Promise<T>}
 */
export async function withFileLock(path, work, signal) {
  const own = await take(path, signal);
  const beat = setInterval(() => utimes(own, new Date(), new Date()).catch(() => {}), BEAT_MS);
  beat.unref();
  try {
    return await work();
  } finally {
    clearInterval(beat);
    // a lock that cannot be released is one that falls silent
    await writeFile(own, RELEASED).catch(() => {});
  }
}

/** @param {string} path @param {AbortSignal} [signal] @returns {Promise<string>} the file that is the lock */
async function take(path, signal) {
  for (;;) {
    signal?.throwIfAborted();
    const highest = await highestOf(path);
    if (highest === 0 || (await isFree(`${path}.${highest}`))) {
      const own = `${path}.${highest + 1}`;
      if ((await make(own)) && (await highestOf(path)) === highest + 1) {
        await removeBelow(path, highest + 1);
        return own;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS * (0.5 + Math.random())));
  }
}

/** Whether this process made the file, with its id in it from the first moment. @param {string} file */
async function make(file) {
  const draft = `${file}.${process.pid}-${Math.random().toString(36).slice(2)}`;
  await writeFile(draft, String(process.pid), { mode: 0o600 });
  try {
    await link(draft, file);
    return true;
  } catch (/** @type {any} */ error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Released, or its holder is dead or silent. @param {string} file */
async function isFree(file) {
  try {
    const [text, { mtimeMs }] = [await readFile(file, "utf8"), await stat(file)];
    return text === RELEASED || Date.now() - mtimeMs > SILENT_MS || (text !== "" && !lives(Number(text)));
  } catch (/** @type {any} */ error) {
    if (error.code === "ENOENT") return false; // overtaken: look again
    throw error;
  }
}

/** @param {number} pid */
function lives(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (/** @type {any} */ error) {
    return error.code === "EPERM"; // somebody else's process
  }
}

/** @param {string} path */
async function highestOf(path) {
  return Math.max(0, ...(await numbersOf(path)));
}

/** @param {string} path @param {number} number */
async function removeBelow(path, number) {
  for (const older of await numbersOf(path))
    if (older < number) await rm(`${path}.${older}`, { force: true });
}

/** @param {string} path */
async function numbersOf(path) {
  const prefix = `${basename(path)}.`;
  const names = await readdir(dirname(join(path)));
  const ends = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  return ends.filter((end) => /^\d+$/.test(end)).map(Number);
}
