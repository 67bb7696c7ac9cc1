/**
 * Why there is no token. Tell errors apart by `code`: two copies of this package have two classes.
 *
 * Nothing in it is secret: `String(error)`, `JSON.stringify(error)` and `console.log(error)` hold no token, secret or proof.
 */
export class RefreshError extends Error {
  /** For tests and service mocks. */
  constructor(fields: RefreshErrorFields);
  /** What happened, in one word. */
  readonly code: RefreshErrorCode;
  /** The server's OAuth error code (RFC 6749 §5.2), as it came. */
  readonly error?: string;
  /** The server's own words: printable ASCII, 200 characters at most. */
  readonly error_description?: string;
  /** The HTTP status of the reply. */
  readonly status?: number;
  /** Asking again later can help. */
  readonly retryable: boolean;
  /** After so many seconds, says the server (RFC 9110 §10.2.3). */
  readonly retryAfterSeconds?: number;
  /** The session is over: the server refused it, or the new tokens were another person's. */
  readonly sessionEnded: boolean;
  /** Only a login helps: `session_ended`, `signed_out` or `identity_mismatch`. */
  readonly loginRequired: boolean;
  /**
   * Whether the server has used up the refresh token, as far as can be known. `unknown` after `session_ended` too where the server wants
   * the user to act (`interaction_required`): it may be as good as before, but it is no longer stored.
   */
  readonly refreshTokenState: "unspent" | "spent" | "unknown";
  /**
   * What the platform, the storage or a function of the options threw, without secrets: an Error with its `name`, `message`, and
   * where there are such, `code` and `cause`. Not among what `toJSON()` gives.
   */
  readonly cause?: unknown;
  /** Safe to log. */
  toJSON(): object;
}

/** What a {@link RefreshError} is made of; for tests and service mocks. */
export interface RefreshErrorFields {
  /** What happened. */
  code: RefreshErrorCode;
  /** The server's OAuth error code. */
  error?: string | undefined;
  /** The server's own words. */
  error_description?: string | undefined;
  /** The HTTP status of the reply. */
  status?: number | undefined;
  /** Whether asking again later can help. Default: what the code implies. */
  retryable?: boolean | undefined;
  /** Seconds, as the server said. */
  retryAfterSeconds?: number | undefined;
  /** Whether the session is over. Default: what the code implies. */
  sessionEnded?: boolean | undefined;
  /** Whether the server has used up the refresh token. Default `"unknown"`. */
  refreshTokenState?: "unspent" | "spent" | "unknown" | undefined;
  /** What the platform, the storage or a function of the options threw. */
  cause?: unknown;
}

/**
 * - `session_ended`: the server refused the refresh token, and no newer one is stored; or it wants the user to act (`error` ends in
 *   `_required`); or the DPoP key that a public client's tokens are bound to is gone. Log in again.
 * - `signed_out`: there is no session, or it was ended by `signOut` while waiting.
 * - `client_rejected`: `invalid_client`, `invalid_scope`, `unsupported_grant_type` …: configuration. Tokens kept.
 * - `unavailable`: unreachable, timed out, 408, 429, 5xx. Tokens kept.
 * - `outcome_unknown`: the server may have spent the refresh token, and `reuse` forbids sending it again.
 * - `bad_response`: not a token response. Tokens kept.
 * - `identity_mismatch`: the id_token that came with a refresh is not of the session's person: another `iss` or `sub` than in the
 *   stored one, or an `aud` without it (OpenID Connect Core §12.2), or unreadable; with `identityCheck: "strict"` more. `error_description` names the claim.
 *   Nothing of the reply is stored, the tokens in it are revoked where a revocation endpoint is known, and the session ends: log in.
 *   Signatures are not checked, as §3.1.3.7 allows for a token that comes straight from the token endpoint over TLS.
 * - `storage_failed`: the storage or its lock failed. See the `storage-failed` event. `lock_timeout`: another context holds the lock.
 * - `timeout`: `timeoutSeconds` of this call passed; a refresh under way goes on.
 * - `closed`: the refresher was closed.
 * - `engine_failed`: the WebAssembly core could not be loaded, or stopped. The next call tries again. The message and
 *   `error_description` say why: a Content-Security-Policy, a file that is missing or may not be read, no WebAssembly at all.
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
