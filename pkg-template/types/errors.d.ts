/**
 * Why there is no token. Compare `code`, not the class: two copies of this package have two classes.
 *
 * It contains no token, secret or proof, so `String(error)`, `JSON.stringify(error)` and `console.log(error)` are safe.
 */
export class RefreshError extends Error {
  /** For tests and service mocks. */
  constructor(fields: RefreshErrorFields);
  /** The stable code. */
  readonly code: RefreshErrorCode;
  /** The server's OAuth error code (RFC 6749 §5.2). */
  readonly error?: string;
  /** The server's text, or this library's reason if no server replied: printable ASCII, at most 200 characters. */
  readonly error_description?: string;
  /** The HTTP status of the reply. */
  readonly status?: number;
  /** Whether the same call can succeed later. */
  readonly retryable: boolean;
  /** Seconds until the next attempt, by the server's `Retry-After` (RFC 9110 §10.2.3). */
  readonly retryAfterSeconds?: number;
  /** Whether this ended the session: the server refused it, or the new tokens were another user's. */
  readonly sessionEnded: boolean;
  /** Whether a login is needed: `session_ended`, `signed_out` or `identity_mismatch`. */
  readonly loginRequired: boolean;
  /**
   * Whether the refresh token was used up at the server, as far as known. Also `unknown` after a `session_ended` that asks the user to act
   * (`interaction_required`): the refresh token may still be valid, but is no longer stored.
   */
  readonly refreshTokenState: "unspent" | "spent" | "unknown";
  /**
   * The error of the platform, the storage or a function of the options, without secrets: an Error with its `name`, `message`, and if
   * present, `code` and `cause`. Not part of `toJSON()`.
   */
  readonly cause?: unknown;
  /** Safe to log. */
  toJSON(): object;
}

/** The fields of a {@link RefreshError}; for tests and service mocks. */
export interface RefreshErrorFields {
  /** What happened. */
  code: RefreshErrorCode;
  /** The server's OAuth error code. */
  error?: string | undefined;
  /** The server's text. */
  error_description?: string | undefined;
  /** The HTTP status of the reply. */
  status?: number | undefined;
  /** Whether the same call can succeed later. Default: by `code`. */
  retryable?: boolean | undefined;
  /** Seconds, by the server's `Retry-After`. */
  retryAfterSeconds?: number | undefined;
  /** Whether this ended the session. Default: by `code`. */
  sessionEnded?: boolean | undefined;
  /** Whether the refresh token was used up. Default `"unknown"`. */
  refreshTokenState?: "unspent" | "spent" | "unknown" | undefined;
  /** The error of the platform, the storage or a function of the options. */
  cause?: unknown;
}

/**
 * - `session_ended`: the server refused the refresh token, and no newer one is stored; or it asks the user to act (`error` ends in
 *   `_required`); or the DPoP key that a public client's tokens are bound to is lost. Log in again.
 * - `signed_out`: there is no session, or `signOut` ended it during the call.
 * - `client_rejected`: a configuration error: `invalid_client`, `invalid_scope`, `unsupported_grant_type` … Tokens kept.
 * - `unavailable`: unreachable, timed out, 408, 429, 5xx. Tokens kept.
 * - `outcome_unknown`: the reply was lost, so the refresh token may be spent, and `reuse` forbids a retry.
 * - `bad_response`: not a token response. Tokens kept.
 * - `identity_mismatch`: the id_token of a refresh is unreadable or another user's (option `identityCheck`); `error_description` names the
 *   claim. Nothing of the reply is stored, its tokens are revoked if a revocation endpoint is known, and the session ends: log in.
 *   Signatures are not checked, as OpenID Connect Core §3.1.3.7 allows for a token that comes directly from the token endpoint over TLS.
 * - `storage_failed`: the storage or its lock failed. See the event `storage-failed`.
 * - `lock_timeout`: another context holds the lock.
 * - `timeout`: the `timeoutSeconds` of this call are over. An in-flight refresh goes on.
 * - `closed`: the refresher was closed.
 * - `engine_failed`: the WebAssembly core could not be loaded, or stopped. The next call tries again. The message and
 *   `error_description` give the reason: a Content-Security-Policy, a missing or unreadable file, no WebAssembly.
 */
export type RefreshErrorCode =
  | "session_ended"
  | "signed_out"
  | "client_rejected"
  | "unavailable"
  | "outcome_unknown"
  | "bad_response"
  | "identity_mismatch"
  | "storage_failed"
  | "lock_timeout"
  | "timeout"
  | "closed"
  | "engine_failed";
