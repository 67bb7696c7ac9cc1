// @ts-check
import { STORAGE_LATE } from "./messages.js";
import { bounded } from "./bounded.js";

/** @import { TokenStorage, TokenRecord } from "../../index.js" */
/**
 * This comes with the core, whose chunk imports nothing that the entry also imports.
 * @typedef {object} StorageTools
 * @property {typeof import("../../storage/record.js").generationOf} generationOf
 */

/** A storage that never answers fails after this long. */
const LIMIT_SECONDS = 10;

/**
 * One call at a time, each bounded in time, with the comparison done here for a storage that cannot compare by itself.
 * @param {TokenStorage} storage @param {StorageTools} tools
 */
export function storagePort(storage, { generationOf }) {
  /** Whether `save` compares: said by the storage, or learnt from what it answers. */
  let compares = storage.conditionalSave === true;
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  let running = 0;
  /** What the record has for a generation that was read last: a storage may compare what the core takes for none. @type {any} */
  let seen;

  /** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  function inTurn(work) {
    // on Workers the call before may have died with its request, and would never end
    const before = running ? bounded(last, LIMIT_SECONDS, STORAGE_LATE).catch(() => {}) : last;
    const turn = before.then(() => bounded(work(), LIMIT_SECONDS, STORAGE_LATE));
    running++;
    last = turn.catch(() => {}).then(() => running--);
    return turn;
  }

  /** @param {TokenRecord | null} record @param {number | null} expected */
  async function save(record, expected) {
    if (!compares && overtaken(await storage.load(), expected)) return false;
    let written = await storage.save(record, expected);
    if (written === false && expected === null && seen != null) written = await storage.save(record, seen);
    if (typeof written == "boolean") compares = true;
    return written !== false;
  }

  /**
   * Another context wrote in between. An older generation than expected does not count: an eventually consistent storage shows one
   * now and then. @param {any} held @param {number | null} expected
   */
  function overtaken(held, expected) {
    const generation = generationOf(held);
    return expected === null || generation === null ? generation !== expected : generation > expected;
  }

  return {
    get conditionalSave() {
      return compares;
    },
    /** What is stored, as JSON text, and as it came; what cannot be JSON is not null, and unreadable. @returns {Promise<[string, any]>} */
    load: () =>
      inTurn(async () => {
        const record = (await storage.load()) ?? null;
        seen = record?.generation;
        return [JSON.stringify(record) ?? "", record];
      }),
    /** @param {TokenRecord | null} record @param {number | null} expected */
    save: (record, expected) => inTurn(() => save(record, expected)),
  };
}
