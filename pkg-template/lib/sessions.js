// @ts-check
/** @import { TokenSet } from "../index.js" */

/**
 * The login that a token set descends from. Token sets with the same name belong to the same session.
 * @type {WeakMap<TokenSet, string | undefined>}
 */
export const sessions = new WeakMap();
