// @ts-check
/** @import { Value } from "../index.js" */

/** The value, or the result of its function. @param {Value} value */
export const valueOf = async (value) => (typeof value == "function" ? value() : value);
