// @ts-check
/** @import { LockGrant, TokenRecord, TokenStorage } from "../index.js" */
/** @typedef {<T>(work: (grant: Required<LockGrant>) => Promise<T>, options?: { signal?: AbortSignal, leaseSeconds?: number }) => Promise<T>} LeaseLock */

/**
 * A lock that is kept while its holder has a result that the storage did not take (issue 13 A): a full disk, a server out of memory. To
 * release it would show the mark as one whose outcome is unknown, and the next holder would send the spent refresh token once more.
 *
 * The core tries again every eight seconds at most. A result for which no try came for longer was given up: the refresher was closed.
 */
const GIVEN_UP_MS = 30_000;

/**
 * @param {Required<Pick<TokenStorage, "save">>["save"]} save @param {LeaseLock} lock
 * @returns {{ save: (record: TokenRecord | null, expected: number | null) => Promise<any>, lock: LeaseLock }}
 */
export function keptUntilSaved(save, lock) {
  /** The last write brought something, and failed. */
  let isUnsaved = false;
  /** While a lock is kept. */
  let isKept = false;
  let look = () => {};
  /** What this process wants the lock for meanwhile. @type {((grant?: Required<LockGrant>) => Promise<unknown>)[]} */
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
        // without its mark nothing is sent
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
          if (!grant) return resolve(lock(work, options)); // another's by now
          await work({ ...grant, passedOn: "released" }).then(resolve, reject);
        });
        look();
      });
    },
  };
}
