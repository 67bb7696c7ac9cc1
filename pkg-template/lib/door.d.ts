/**
 * The door's protocol, as types: the events that the driver reports to the core, the effects that the core orders, and the
 * questions that it answers. The other side is src/npm.rs; tests/door.rs compares the words of both.
 *
 * All of it crosses as JSON text. An unknown word has no answer: `JSON.parse` throws, which the driver treats as a trap.
 */
import type {
  LockGrant,
  Refresher,
  RefreshErrorFields,
  TokenInput,
  TokenRecord,
  TokenSet,
} from "../index.js";

/** Number of the effect that an event completes. */
type EffectId = number;
/** Number of a waiting caller. */
type CallerId = number;

/** By word: the number that the event is about, and its details. A string crosses as it is, anything else as JSON. */
export interface CoreEvents {
  demanded: [CallerId, Demand];
  adopted: [CallerId, TokenInput];
  signedOut: [CallerId, true | undefined];
  withdrawn: [CallerId, void];
  loaded: [EffectId, string];
  loadFailed: [EffectId, void];
  saved: [EffectId, void];
  saveRefused: [EffectId, void];
  saveFailed: [EffectId, void];
  /** `silent`: the holder before was silent for a lease, and may only be suspended. */
  locked: [EffectId, LockGrant["passedOn"]];
  lockedHere: [EffectId, unknown];
  lockFailed: [EffectId, void];
  /** The save or request of that number was not performed: the lock went to another context. */
  lockLost: [EffectId, void];
  replied: [EffectId, Reply];
  /** The reply to a request of a discarded core; `sent_at` in Unix milliseconds. */
  recovered: [0, Reply & { attempt: string; sent_at: number }];
  unreachable: [EffectId, Unreachable];
  peerChanged: [0, void];
  loadRequested: [0, void];
  resumed: [0, void];
  clockSetBack: [0, void];
  watching: [on: number, void];
  woke: [0, void];
}

/** What one caller wants; times in seconds. */
export interface Demand {
  min_validity?: number | undefined;
  /** An access token that a resource server refused; `true`: the one of the last `hold`. */
  rejected?: string | true | undefined;
  force?: true | undefined;
  /** The caller's own patience; else the core's default. */
  timeout?: number | undefined;
  /** How long the caller has waited by now. */
  waited?: number | undefined;
}

/** No reply. `errors`: the platform's error and its causes, from which the core reads whether anything was sent. */
export interface Unreachable {
  how?: "unsent" | "timedOut" | "unbuildable";
  errors?: { code?: unknown; syscall?: unknown; message?: unknown }[];
}

/** No body: it did not arrive whole, or was too long. */
export interface Reply {
  status: number;
  body?: string | undefined;
  /** The `Retry-After` field. */
  retry_after?: string | undefined;
  /** The `Date` field, in Unix milliseconds. */
  date?: number | undefined;
}

/** One effect: its word, then its details; undefined ones are not written. */
export type CoreEffect =
  | ["load", EffectId]
  | ["save", EffectId, TokenRecord | null, expected: number | null]
  | ["lock", EffectId, leaseSeconds: number]
  | ["unlock", EffectId]
  | ["send", EffectId]
  /** `session` names the login that the tokens descend from. */
  | ["hold", tokens?: TokenSet, generation?: number, session?: string, fromMs?: number, untilMs?: number]
  | ["grant", CallerId]
  /** Without a failure: the one of the refusal before. */
  | ["refuse", CallerId, Failure | undefined]
  | ["done", CallerId]
  | ["notify", "token-changed", source: string, generation: number]
  | ["notify", "refresh-failed", Failure, retryAt: number | undefined]
  | ["notify", "session-ended", Failure, undefined]
  | ["notify", "storage-failed", "load" | "save" | "lock", undefined]
  | ["revoke", token: string]
  | ["rest", Refresher["state"], phase: string, deadlineMs?: number];

/** How each effect is performed: a driver without one of them, or with one too many, does not compile. */
export type CoreEffects = {
  [E in CoreEffect as E[0]]: (
    ...details: CoreEffect extends infer Any ? (Any extends [E[0], ...infer Rest] ? Rest : never) : never
  ) => void;
};

/** A failure as the core tells it: the fields of a RefreshError, with a point in time instead of a span. */
export type Failure = RefreshErrorFields & { retry_at?: number };

/**
 * Questions that change nothing.
 *
 * - `request`, `revocation`: the request to send, from values resolved for this attempt.
 * - `sending`: whether the effect of that number still stands.
 * - `heard`: what a reply says about its request, as {@link Heard}. With `can_prove` the reply is a revocation's.
 * - `spendable`: whether a refresh token may be sent with these `capabilities`, where contexts share no realm (Workers).
 * - `rejects`: whether a `WWW-Authenticate` field refuses the access token that was sent.
 */
export type Question = "request" | "revocation" | "sending" | "heard" | "spendable" | "rejects";

/** What a reply says about its request. */
export interface Heard {
  error?: string;
  /** The part of the request that the server refused, and that the same request, made anew, may do better. */
  refused?: "client" | "proof" | "nonce";
  /** A revocation is tried once more: with a proof, with the client asked again, or after so many milliseconds. */
  again?: "proof" | "client" | number;
}
