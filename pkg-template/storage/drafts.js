// @ts-check
import { fsync } from "node:fs";
import { open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";

/** @import { FileHandle } from "node:fs/promises" */

/**
 * A file is replaced atomically by a draft: a temporary file that is written beside it, flushed, and renamed over it.
 *
 * A draft has a random name and is created exclusively with mode 0600, so that an existing file or link is never followed, reused or made
 * readable. The next writer deletes the draft of a killed process.
 */

/** PATH.<uuid>.new, or with a process id in versions before 0.1.0. */
const DRAFT = /^([\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}|\d+)\.new$/;

/** Whether a file name's part after PATH. is a draft's. @param {string} end */
export const isDraft = (end) => DRAFT.test(end);

/**
 * Writes a draft of `path`, ready to be moved over it, or over `target`.
 * @param {string} path @param {string | Uint8Array} content @param {string} [target]
 */
export async function draftOf(path, content, target = path) {
  const draft = `${path}.${crypto.randomUUID()}.new`;
  const handle = await open(draft, "wx", 0o600);
  const drop = () => rm(draft, { force: true });
  try {
    await handle.writeFile(content);
    await flush(handle);
  } catch (error) {
    await drop();
    throw error;
  } finally {
    await handle.close();
  }
  return {
    drop,
    /** False if another writer deleted the draft. */
    async move() {
      try {
        await rename(draft, target);
        return true;
      } catch (/** @type {any} */ error) {
        if (error.code === "ENOENT") return false;
        await drop();
        throw error;
      }
    },
  };
}

/** Tries both ways: Yarn's Plug'n'Play has no FileHandle.sync(), Node's permission model no fsync. @param {FileHandle} handle */
export async function flush(handle) {
  try {
    await handle.sync();
  } catch (/** @type {any} */ error) {
    if (!/not implemented/.test(error.message)) throw error;
    await promisify(fsync)(handle.fd);
  }
}

/** Deletes all drafts of a file. @param {string} path */
export async function sweepDrafts(path) {
  const prefix = `${basename(path)}.`;
  for (const name of await readdir(dirname(path)))
    if (name.startsWith(prefix) && isDraft(name.slice(prefix.length)))
      await rm(join(dirname(path), name), { force: true });
}
