// @ts-check
/** @import { TraceStep } from "../index.js" */
/** @import { CoreEffect } from "./door.js" */

/**
 * A step of the core without its secrets: numbers and words only.
 * @param {string} event @param {number} caller @param {CoreEffect[]} effects @param {number} generation @returns {TraceStep}
 */
export const traceStep = (event, caller, effects, generation) => ({
  at: Date.now() / 1000,
  event,
  effects: effects
    .slice(0, -1)
    .map(([word, first]) => (word == "notify" || typeof first == "number" ? `${word} ${first}` : word)),
  phase: String(effects.at(-1)?.[2]),
  generation,
  caller,
  toString() {
    return JSON.stringify(this);
  },
});
