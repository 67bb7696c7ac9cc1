// @ts-check
import { MESSAGES, OWN, USER_REQUIRED } from "./messages.js";

/** @import { RefreshErrorFields } from "../index.js" */

/**
 * A server's text, safe for a log: printable ASCII without `"` and `\` (NQSCHAR, RFC 6749 §5.2), 200 characters at most. Servers also
 * send control characters and whole HTML pages.
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
 * Keeps only the fields below. `cause` is the driver's copy of the platform's error, without secrets. Fields without a value are absent,
 * to keep logs short. Two copies of this package have two classes: compare `code`, not instanceof.
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
    // Without a server's reply, the description is this library's own.
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

  /** On the prototype, so that the minified class name never shows. */
  get name() {
    return "RefreshError";
  }

  /** Safe to log. The stack is not among the own enumerable fields. */
  toJSON() {
    return Object.assign({ name: this.name, message: this.message }, this);
  }
}
