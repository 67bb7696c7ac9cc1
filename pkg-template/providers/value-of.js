// @ts-check
/** @import { Value } from "../index.js" */

/** The value itself, or what its function returns now. @param {Value} value */
export const valueOf = async (value) => (typeof value == "function" ? value() : value);
