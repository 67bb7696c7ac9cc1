// @ts-check
import { marksOf } from "./web-marks.js";

/** @import { TokenRecord } from "../index.js" */

/** Number of remembered refresh tokens: how often one tab may refresh before its copy tries once. */
const REMEMBERED = 100;

/**
 * Duplicate Tab and window.open copy sessionStorage: then two tabs have the same refresh token and cannot see each other's records. So the
 * fingerprint of each sent token is noted in localStorage, and the second tab finds it before it sends the same token.
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
      return []; // Blocked or foreign: sending is allowed.
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
     * Whether another tab has sent the refresh token of this mark. The replaced mark is this tab's own.
     * @param {TokenRecord} record @param {TokenRecord | null} replaced
     */
    async elsewhere({ pending }, replaced) {
      if (globalThis.navigator?.locks) await marks.arrived();
      const note = noted().find((note) => note.startsWith(`${pending?.fingerprint}@`));
      return note !== undefined && note !== noteOf(replaced);
    },

    /** Notes the token of a mark. Removes the note if the refresh token was not replaced: it was not sent, or may be sent again. @param {TokenRecord | null} record @param {TokenRecord | null} replaced */
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
