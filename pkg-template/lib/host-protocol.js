// @ts-check
// The messages between a host and its pages: plain objects for structured clone.

/** @import { DemandOptions, Refresher, TokenInput, TokenSet } from "../index.js" */

/** Both sides compare it, so that a page and a host of different releases part with an answer. Incremented by each incompatible change. */
export const PROTOCOL = 1;

/** The member that distinguishes these messages from the application's. */
export const TAG = "oauth-refresher";

/** Interval of heartbeats. The host answers every message at once, so silence means that it is gone. */
export const BEAT_MS = 1000;

/** Heartbeats without an answer after which the host counts as gone. A frozen page counts none. */
export const MISSED_BEATS = 3;

/** @typedef {"getTokens" | "refresh" | "load" | "setTokens" | "signOut" | "rejects" | "fetch" | "ready"} Method */
/**
 * A message of a page.
 * @typedef {{ say: "hello" } | { say: "beat" } | { say: "bye" } | { say: "abort", id: number }
 *   | { say: "call", id: number, method: Method, given: any }} FromPage
 */
/**
 * The session as a page needs it to answer calls without the host. `fresh`: from and until when the tokens may be handed out
 * (milliseconds). `session`: the login that the tokens descend from. `host`: the instance of the worker.
 * @typedef {{ host?: number | undefined, tokens: TokenSet | null, session?: string | undefined, state: Refresher["state"], fresh: [number, number] }} Session
 */
/** Constant while the host lives. @typedef {{ capabilities: Refresher["capabilities"], origins: string[], keepRejectedResponse?: boolean | undefined, fetchIn: "page" | "host" }} Facts */
/**
 * A message of the host. Each one carries the session.
 * @typedef {{ say: "welcome", facts: Facts } | { say: "beat" } | { say: "parted" }
 *   | { say: "answer", id: number, value?: any, error?: Failure }
 *   | { say: "event", type: string, detail: any, error?: Failure }} FromHost
 */
/** An error as data: `fields` of a RefreshError, or the name and message of another. @typedef {{ fields?: any, name: string, message: string, cause?: unknown }} Failure */
