// @ts-check
/** @import { Value } from "../index.js" */

/** A secret that is asked for each time, or one that stays. @param {Value} value */
export const valueOf = async (value) => (typeof value == "function" ? value() : value);
