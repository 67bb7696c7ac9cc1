// @ts-check
import { bounded } from "./bounded.js";
import { STORAGE_LATE } from "./messages.js";

/** @import { TokenStorage, TokenRecord } from "../../index.js" */
/**
 * Passed in, because the core's chunk must not import a module that the entry also imports.
 * @typedef {object} StorageTools
 * @property {typeof import("../../storage/record.js").generationOf} generationOf
 */

/** Time limit of a storage call. */
const LIMIT_SECONDS = 10;

/**
 * Calls the storage, one call at a time, each with a time limit. Compares generations here if the storage does not.
 * @param {TokenStorage} storage @param {StorageTools} tools
 */
export function storagePort(storage, { generationOf }) {
  /** Whether `save` compares: declared by the storage, or learnt from a boolean result. */
  let compares = storage.conditionalSave === true;
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  let running = 0;
  /** The raw generation that was read last: a storage may compare one that the core considers absent. @type {any} */
  let seen;

  /** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  function inTurn(work) {
    // On Workers the previous call may never settle, because its request was cancelled.
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
   * Whether another context wrote in between. An older generation than expected does not count: an eventually consistent storage may
   * return one. @param {any} held @param {number | null} expected
   */
  function overtaken(held, expected) {
    const generation = generationOf(held);
    return expected === null || generation === null ? generation !== expected : generation > expected;
  }

  return {
    get conditionalSave() {
      return compares;
    },
    /** The stored record as JSON text and as it is. A value that JSON cannot express gives an empty text: unreadable. @returns {Promise<[string, any]>} */
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
