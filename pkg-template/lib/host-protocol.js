// @ts-check
// What a host and its pages say to each other: plain objects that the structured clone algorithm copies.

/** @import { DemandOptions, Refresher, TokenInput, TokenSet } from "../index.js" */

/** Both sides compare it: a page of yesterday and a host of today part with an answer. It grows with each incompatible change. */
export const PROTOCOL = 1;

/** The member that tells these messages from the application's own. */
export const TAG = "oauth-refresher";

/** The host answers every message at once, so silence means that it is gone. Milliseconds between two signs of life that are asked for. */
export const BEAT_MS = 1000;

/** Beats without an answer after which the host is given up. A page that is frozen counts none. */
export const MISSED_BEATS = 3;

/** @typedef {"getTokens" | "refresh" | "load" | "setTokens" | "signOut" | "rejects" | "fetch"} Method */
/**
 * What a page says.
 * @typedef {{ say: "hello" } | { say: "beat" } | { say: "bye" } | { say: "abort", id: number }
 *   | { say: "call", id: number, method: Method, given: any }} FromPage
 */
/**
 * The session as the page needs it to answer without the host: the tokens, and from and until when they may be handed out (milliseconds).
 * `session` names the login that the tokens descend from, `host` the life of the worker.
 * @typedef {{ host?: number | undefined, tokens: TokenSet | null, session?: string | undefined, state: Refresher["state"], fresh: [number, number] }} Session
 */
/** What does not change while the host lives. @typedef {{ capabilities: Refresher["capabilities"], origins: string[], fetchIn: "page" | "host" }} Facts */
/**
 * What a host says. Each message carries the session.
 * @typedef {{ say: "welcome", facts: Facts } | { say: "beat" } | { say: "parted" }
 *   | { say: "answer", id: number, value?: any, error?: Failure }
 *   | { say: "event", type: string, detail: any, error?: Failure }} FromHost
 */
/** An error as data: `fields` of a RefreshError, or the name and message of another. @typedef {{ fields?: any, name: string, message: string, cause?: unknown }} Failure */
