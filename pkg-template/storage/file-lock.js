// @ts-check
import { asGiven } from "../lib/given.js";
import { noOptions } from "../lib/known.js";
import { constants, open, readdir, rm } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { draftOf, isDraft } from "./drafts.js";
import { isGone, ownProcess } from "./holder.js";
import { leaseMsIn, lockByLease } from "./lease.js";

/** @import { fileLock as declared } from "./node.js" */
/** @import { LeaseStore, Taken } from "./lease.js" */
/** @import { FileHandle } from "node:fs/promises" */

/**
 * A lock of numbered files, PATH.1, PATH.2 and so on. The file with the highest number is the lock; its text names the holder.
 *
 * - As in git: exclusive creation (O_CREAT|O_EXCL), which needs no hard links and follows no symbolic link. Unlike git, a stale lock needs
 *   no manual removal.
 * - As in proper-lockfile: a heartbeat, and a holder that checks whether it still has the lock. Unlike it, no file time is compared with
 *   the wall clock (a changed clock would take the lock away), and no stale lock is removed and created again: of two observers of one
 *   stale lock, the second would remove the new lock of the first.
 * - As in SQLite: the lock of a dead process needs no wait. Node has no fcntl locks, so `holder.js` detects death where it can. As with
 *   SQLite's locks, the guarantee holds on local disks, and on a network only if the server supports it.
 *
 * Two observers of a stale lock both try to create the next number, and exclusive creation lets one succeed. The highest file is never
 * removed, so a newer lock is never removed by mistake. The creator of a number reads the previous file again: if its text changed, the
 * holder was alive, and the new number is withdrawn.
 */
const RELEASED = "released";
/** Longer than any holder's text. */
const LONGEST_TEXT = 300;
/** One lock per millisecond reaches this in thirty years, so a higher number is not a lock of this library. */
const HIGHEST = 1e12;
/** An empty file: its creator has not written yet. It holds nothing before it has written and checked again. */
const EMPTY = "empty";
const EMPTY_LEASE_MS = 5000;
/** In versions before 0.1.0. */
const OLD_DRAFT = /^\d+\.\d+-[a-z\d]+$/;
const NOTE = "silence";

/** @type {typeof declared} */
export function fileLock(path, ...others) {
  if (!path || typeof path != "string")
    throw new TypeError(`fileLock: path must be a non-empty string ${asGiven(path)}`);
  noOptions("fileLock", others);
  return lockByLease(fileLease(resolve(path)));
}

/** @param {string} path @returns {LeaseStore} */
export function fileLease(path) {
  const folder = dirname(path);
  const prefix = `${basename(path)}.`;
  const file = (/** @type {number | string} */ end) => `${path}.${end}`;
  /** @type {Map<string, { number: number, handle: FileHandle }>} */
  const held = new Map();

  return {
    async take(owner, text, over) {
      const before = highestIn(await ends());
      const said = before ? await textOf(file(before)) : RELEASED;
      if (said === undefined) return { held: null };
      const passedOn = await passedOnOf(said, over);
      if (!passedOn) return { held: said, leaseMs: said === EMPTY ? EMPTY_LEASE_MS : leaseMsIn(said) };
      const number = before + 1;
      if (number > HIGHEST) throw new Error(`fileLock: remove ${file(before)}: its number is no lock's`);
      const handle = await created(file(number), `${text} ${await ownProcess()}\n`);
      if (!handle) return { held: null };
      let all;
      try {
        all = await ends();
        const stands = highestIn(all) === number && (!before || (await textOf(file(before))) === said);
        if (stands) held.set(owner, { number, handle });
      } finally {
        if (!held.has(owner)) await withdraw(handle, file(number));
      }
      if (!held.has(owner)) return { held: null };
      await sweep(all, number);
      return { passedOn };
    },

    async beat(owner, text) {
      // By the handle: the file at that path may belong to another owner now.
      await held.get(owner)?.handle.write(text, 0);
    },

    async isHeld(owner) {
      const number = held.get(owner)?.number;
      if (number === undefined || highestIn(await ends()) !== number) return false;
      return !!(await textOf(file(number)))?.startsWith(owner);
    },

    async release(owner) {
      const handle = held.get(owner)?.handle;
      held.delete(owner);
      if (!handle) return;
      try {
        await handle.write(RELEASED, 0); // Overwrites the owner's name, so that a full disk cannot prevent it.
      } finally {
        await handle.close();
      }
    },

    async silenceNoted(text) {
      const [, ms, about] = /^(\d{1,10}) ([^]*)$/.exec((await textOf(file(NOTE))) ?? "") ?? [];
      return about === text ? Number(ms) : 0;
    },

    async noteSilence(text, silentMs) {
      await (await draftOf(path, `${Math.round(silentMs)} ${text}`, file(NOTE))).move();
    },
  };

  /** The parts after PATH. of the file names in its folder. */
  async function ends() {
    const names = await readdir(folder);
    return names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  }

  /** Removes lower numbers in ascending order: a late observer then finds that the file below its own is gone, and withdraws. @param {string[]} all @param {number} number */
  async function sweep(all, number) {
    const lower = numbersIn(all).filter((one) => one < number);
    const stale = all.filter((end) => end === NOTE || isDraft(end) || OLD_DRAFT.test(end));
    // A file that cannot be removed (another user's) does not block the lock.
    for (const end of [...lower.sort((a, b) => a - b), ...stale])
      await rm(file(end), { force: true }).catch(() => {});
  }
}

/** @param {string} said @param {string} over @returns {Promise<"released" | "silent" | "dead" | undefined>} */
async function passedOnOf(said, over) {
  if (said.startsWith(RELEASED)) return "released";
  if (over && said === over) return "silent";
  return (await isGone(said)) ? "dead" : undefined;
}

/** The handle, if this process created the file. @param {string} file @param {string} text */
async function created(file, text) {
  let handle;
  try {
    handle = await open(file, "wx", 0o600);
  } catch (/** @type {any} */ error) {
    if (error.code === "EEXIST") return undefined;
    throw error;
  }
  try {
    await handle.write(text, 0);
    return handle;
  } catch (error) {
    await withdraw(handle, file);
    throw error;
  }
}

/** @param {FileHandle} handle @param {string} file */
async function withdraw(handle, file) {
  await handle.close();
  await rm(file, { force: true });
}

/**
 * The beginning of a file, or undefined without one. For anything but a plain file (link, folder, pipe), a constant text.
 * @param {string} file
 */
async function textOf(file) {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  let handle;
  try {
    handle = await open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LONGEST_TEXT), 0, LONGEST_TEXT, 0);
    return buffer.toString("latin1", 0, bytesRead) || EMPTY;
  } catch (/** @type {any} */ error) {
    if (error.code === "ENOENT") return undefined;
    if (/^(ELOOP|EISDIR|ENXIO|EAGAIN)$/.test(error.code)) return error.code;
    throw error;
  } finally {
    await handle?.close();
  }
}

/** @param {string[]} ends */
const highestIn = (ends) => Math.max(0, ...numbersIn(ends));

/** @param {string[]} ends */
const numbersIn = (ends) =>
  ends
    .filter((end) => /^[1-9]\d{0,12}$/.test(end))
    .map(Number)
    .filter((number) => number <= HIGHEST);
