// @ts-check
import { asGiven } from "../lib/given.js";
import { noOptions } from "../lib/known.js";
import { open, readFile, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { draftOf, flush, sweepDrafts } from "./drafts.js";
import { fileLease, fileLock } from "./file-lock.js";
import { lockByLease } from "./lease.js";
import { generationOf } from "./record.js";
import { keptUntilSaved } from "./unsaved.js";

/** @import { LockGrant, TokenRecord } from "../index.js" */
/** @import { fileStorage as declared } from "./node.js" */

export { fileLock };

/**
 * The lease of the lock for one write. It may be short, because `replaced` is safe without a lease: the next writer deletes all drafts
 * before it compares, and a deleted draft cannot be moved.
 */
const WRITE_LEASE_SECONDS = 5;

/** @type {typeof declared} */
export function fileStorage(path, ...others) {
  if (!path || typeof path != "string")
    throw new TypeError(`fileStorage: path must be a non-empty string ${asGiven(path)}`);
  noOptions("fileStorage", others);
  const file = resolve(path);
  const unreadable = `${file}.unreadable`;
  // A separate lock, only for comparison and write, so that a sign-out does not wait for a refresh.
  const writing = lockByLease(fileLease(`${file}.write`), WRITE_LEASE_SECONDS);

  const content = () =>
    readFile(file).catch((error) => {
      if (error.code === "ENOENT") return null;
      throw error;
    });

  /**
   * Whether the record was written; undefined if another writer has the lock now.
   * @param {Required<LockGrant>} grant @param {TokenRecord | null} record @param {number | null} expected
   */
  async function replaced(grant, record, expected) {
    await sweepDrafts(file);
    const held = await content();
    const generation = generationIn(held);
    if (generation !== expected) return false;
    if (!record) return (await grant.isHeld()) ? removed() : undefined;
    // A login replaces an unreadable record.
    if (held && generation === null) await (await draftOf(file, held, unreadable)).move();
    const draft = await draftOf(file, JSON.stringify(record));
    if (!(await grant.isHeld())) return void (await draft.drop());
    if (!(await draft.move())) return undefined;
    await flushed(dirname(file));
    return true;
  }

  async function removed() {
    await rm(file, { force: true });
    await rm(unreadable, { force: true });
    await flushed(dirname(file));
    return true;
  }

  /** @param {TokenRecord | null} record @param {number | null} expected */
  async function save(record, expected) {
    for (;;) {
      const written = await writing((grant) => replaced(grant, record, expected));
      if (written !== undefined) return written;
    }
  }

  // With a full disk, a wait for the lock is useless: its holder may have a result that it cannot store.
  const canStore = async () => (await draftOf(file, "{}")).drop();
  const lock = lockByLease({ ...fileLease(`${file}.lock`), canStore });

  return {
    name: `file:${file}`,
    conditionalSave: true,
    load: async () => recordIn(await content()),
    ...keptUntilSaved(save, lock),
  };
}

/** @param {Buffer | null} content @returns {TokenRecord | null} */
function recordIn(content) {
  try {
    return content && JSON.parse(content.toString());
  } catch {
    throw new SyntaxError(`fileStorage: what is stored is not JSON`);
  }
}

/** @param {Buffer | null} content */
function generationIn(content) {
  try {
    return generationOf(recordIn(content));
  } catch {
    return null;
  }
}

/** Flushes the folder, which contains the new name. Not needed where a folder cannot be opened (Windows). @param {string} path */
async function flushed(path) {
  const folder = await open(path).catch(() => undefined);
  if (!folder) return;
  await flush(folder).catch(() => {});
  await folder.close();
}
