// @ts-check
/** @import { LockGrant, TokenRecord, TokenStorage } from "../index.js" */
/** @typedef {<T>(work: (grant: Required<LockGrant>) => Promise<T>, options?: { signal?: AbortSignal, leaseSeconds?: number }) => Promise<T>} LeaseLock */

/**
 * Keeps a lock while its holder has a result that the storage did not accept (issue 13 A): a full disk, a server out of memory. After a
 * release, the next holder would find a mark with an unknown outcome, and send the spent refresh token once more.
 *
 * The core retries at least every eight seconds. Without a retry for longer, the result was given up: the refresher was closed.
 */
const GIVEN_UP_MS = 30_000;

/**
 * @param {Required<Pick<TokenStorage, "save">>["save"]} save @param {LeaseLock} lock
 * @returns {{ save: (record: TokenRecord | null, expected: number | null) => Promise<any>, lock: LeaseLock }}
 */
export function keptUntilSaved(save, lock) {
  /** The last write had a result and failed. */
  let isUnsaved = false;
  /** Whether a lock is kept. */
  let isKept = false;
  let look = () => {};
  /** Work of this process that waits for the kept lock. @type {((grant?: Required<LockGrant>) => Promise<unknown>)[]} */
  const next = [];

  /** @param {Required<LockGrant>} grant */
  async function keep(grant) {
    isKept = true;
    while (isUnsaved || next.length) {
      const work = next.shift();
      if (work) await work((await Promise.resolve(grant.isHeld()).catch(() => false)) ? grant : undefined);
      else await saveOrWork();
    }
    isKept = false;
  }

  /** @returns {Promise<void>} */
  function saveOrWork() {
    return new Promise((resolve) => {
      const timer = /** @type {any} */ (setTimeout(() => resolve(void (isUnsaved = false)), GIVEN_UP_MS));
      timer.unref?.();
      look = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    async save(record, expected) {
      try {
        const written = await save(record, expected);
        isUnsaved = false;
        return written;
      } catch (error) {
        // A failed mark leaves no result: nothing is sent without it.
        if (!record?.pending) isUnsaved = true;
        throw error;
      } finally {
        look();
      }
    },

    lock(work, options) {
      if (!isKept)
        return lock(async (grant) => {
          try {
            return await work(grant);
          } finally {
            if (isUnsaved) await keep(grant);
          }
        }, options);
      return new Promise((resolve, reject) => {
        next.push(async (grant) => {
          if (options?.signal?.aborted) return reject(options.signal.reason);
          if (!grant) return resolve(lock(work, options)); // Another process has it now.
          await work({ ...grant, passedOn: "released" }).then(resolve, reject);
        });
        look();
      });
    },
  };
}
