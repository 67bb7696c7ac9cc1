// @ts-check
import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { withFileLock } from "./file-lock.js";

/** @import { TokenRecord } from "../index.js" */
/** @import { fileStorage as declared } from "./node.js" */

/** @type {typeof declared} */
export function fileStorage(path) {
  if (!path || typeof path != "string") throw new TypeError("fileStorage: path must be a non-empty string");
  const file = resolve(path);

  /** @returns {Promise<TokenRecord | null>} */
  async function load() {
    const text = await readFile(file, "utf8").catch((error) => {
      if (error.code === "ENOENT") return "null";
      throw error;
    });
    try {
      return JSON.parse(text);
    } catch {
      throw new SyntaxError(`fileStorage: what is stored is not JSON`);
    }
  }

  return {
    name: `file:${file}`,
    conditionalSave: true,
    load,

    // A lock of its own, held for the comparison and the write alone: a sign-out does not wait for a refresh.
    save: (record, expected) =>
      withFileLock(`${file}.write`, async () => {
        const held = await load().catch(keepUnreadable(file));
        const generation = typeof held?.generation === "number" ? held.generation : null;
        if (generation !== expected) return false;
        if (record) await replace(file, JSON.stringify(record));
        else await rm(file, { force: true });
        return true;
      }),

    lock: (work, { signal }) => withFileLock(`${file}.lock`, work, signal),
  };
}

/** Written whole beside the file, flushed, and moved over it: a reader sees the old record or the new one. @param {string} file @param {string} text */
async function replace(file, text) {
  const draft = `${file}.${process.pid}.new`;
  const handle = await open(draft, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  // the new name is in the folder's own blocks; where a folder cannot be opened (Windows) that is the system's business
  const folder = await open(dirname(file)).catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

/** A login may take the place of what cannot be read; what it was stays beside it. @param {string} file */
const keepUnreadable = (file) => async (/** @type {unknown} */ error) => {
  if (!(error instanceof SyntaxError)) throw error;
  await rename(file, `${file}.unreadable`);
  return null;
};
