// @ts-check
import { marksOf } from "./web-marks.js";

/** @import { TokenRecord } from "../index.js" */

/** So many sent refresh tokens are remembered: as often may one tab refresh before the other tries it once. */
const REMEMBERED = 100;

/**
 * Duplicate Tab and window.open copy sessionStorage: then two tabs hold one refresh token, and cannot see each other's records. So
 * what is sent is noted, by its fingerprint, in localStorage; the tab that comes second learns it before it sends the same.
 * @param {string} key
 */
export function sentTokens(key) {
  const place = `${key}.sent`;
  const marks = marksOf(place, () => noted()[0] ?? "none");

  /** The newest first. @returns {string[]} */
  function noted() {
    try {
      return JSON.parse(localStorage.getItem(place) ?? "[]");
    } catch {
      return []; // blocked or foreign: allowed when in doubt
    }
  }

  /** @param {string[]} notes */
  async function write(notes) {
    try {
      localStorage.setItem(place, JSON.stringify(notes.slice(0, REMEMBERED)));
    } catch {
      return; // blocked or full
    }
    if (globalThis.navigator?.locks) await marks.leave();
  }

  return {
    /**
     * Whether another tab sent what that mark says is to be sent. A mark that is replaced is this tab's own.
     * @param {TokenRecord} record @param {TokenRecord | null} replaced
     */
    async elsewhere({ pending }, replaced) {
      if (globalThis.navigator?.locks) await marks.arrived();
      const note = noted().find((note) => note.startsWith(`${pending?.fingerprint}@`));
      return note !== undefined && note !== noteOf(replaced);
    },

    /** Notes what a mark says; and takes it back when the refresh token was not replaced: it was not sent, or can be sent again. @param {TokenRecord | null} record @param {TokenRecord | null} replaced */
    async saved(record, replaced) {
      const [now, before] = [noteOf(record), noteOf(replaced)];
      const kept = !now && record?.tokens.refresh_token === replaced?.tokens.refresh_token;
      if (!now && !(before && kept)) return;
      const others = noted().filter((note) => note !== before && note !== now);
      await write(now ? [now, ...others] : others);
    },
  };
}

/** @param {TokenRecord | null} record */
const noteOf = (record) =>
  record?.pending ? `${record.pending.fingerprint}@${record.pending.attempt}` : undefined;
