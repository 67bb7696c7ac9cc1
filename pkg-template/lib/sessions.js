// @ts-check
/** @import { TokenSet } from "../index.js" */

/**
 * The name of the login that a token set descends from; the tokens of two sets with one name are one session's.
 * @type {WeakMap<TokenSet, string | undefined>}
 */
export const sessions = new WeakMap();
