// @ts-check
import { MESSAGES, OWN, USER_REQUIRED } from "./messages.js";

/** @import { RefreshErrorFields } from "../index.js" */

/**
 * The server's words, fit for a log: RFC 6749 §5.2 allows only printable ASCII without `"` and `\` (NQSCHAR), servers send
 * anything, and a log line is no place for control characters or a whole page of HTML.
 * @param {unknown} text
 */
const printable = (text) =>
  typeof text == "string"
    ? text
        .replace(/[^ !#-[\]-~]+/g, " ")
        .slice(0, 200)
        .trim() || undefined
    : undefined;

/**
 * Only the fields below are kept. `cause` is the driver's own copy of the platform's error, without secrets. Fields without a value
 * are absent, so that a log shows only what is known. Two copies of this package have two classes: tell errors apart by
 * `code`, not by instanceof.
 */
export class RefreshError extends Error {
  /** @param {RefreshErrorFields} fields */
  constructor({
    code,
    error,
    error_description,
    status,
    retryable,
    retryAfterSeconds,
    sessionEnded,
    refreshTokenState,
    cause,
  }) {
    error = printable(error);
    error_description = printable(error_description);
    const said = [status, error || error_description].filter(Boolean).join(" ");
    // Where no server spoke, the description is this library's own.
    const what = /ended.*_required/.test(code + error)
      ? USER_REQUIRED
      : (!status && !error && said && OWN[code]) || MESSAGES[code];
    super(said ? `${what} (${said})` : what, cause ? { cause } : undefined);
    this.code = code;
    if (error) this.error = error;
    if (error_description) this.error_description = error_description;
    if (status) this.status = status;
    this.retryable = retryable ?? !/ended|signed|rejected|mismatch|closed/.test(code);
    if (retryAfterSeconds != null) this.retryAfterSeconds = retryAfterSeconds;
    this.sessionEnded = sessionEnded ?? /ended|mismatch/.test(code);
    this.loginRequired = /ended|mismatch|signed/.test(code);
    this.refreshTokenState = refreshTokenState ?? "unknown";
  }

  /** On the prototype, so that a minifier's name for the class shows nowhere. */
  get name() {
    return "RefreshError";
  }

  /** Safe to log: the fields are own and enumerable, the stack is not. */
  toJSON() {
    return Object.assign({ name: this.name, message: this.message }, this);
  }
}
