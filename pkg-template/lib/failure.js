// @ts-check
/** @import { TokenStorage } from "../index.js" */
/** @import { Failure } from "./door.js" */
/** @import { scrubber } from "./scrub.js" */

/**
 * Makes the errors of callers and listeners from the core's failures and from what was thrown in JavaScript, without secrets. Part of the
 * core's chunk: before the core is loaded, the only failure is that it cannot be loaded.
 */
export class Failures {
  /** The last error of the storage or its lock. @type {Error | undefined} */
  storage;

  #scrubber;
  #bound;
  #RefreshError;
  /** Why the last request got no reply: the error of the platform, of `transport` or of a function of the options. @type {unknown} */
  #request;
  /** The same in this library's words. @type {string | undefined} */
  #reason;

  /**
   * @param {ReturnType<typeof scrubber>} scrubber @param {TokenStorage & { lost?: string }} storage  `lost`: why a storage that needs a key lost the session.
   * @param {typeof import("./error.js").RefreshError} RefreshError
   */
  constructor(scrubber, storage, RefreshError) {
    this.#scrubber = scrubber;
    this.#bound = storage;
    this.#RefreshError = RefreshError;
  }

  /** Records why a request got no reply. Without arguments: a request starts. @param {any} [error] @param {string} [how] @param {string} [reason] */
  request(error, how, reason) {
    const isOwn = error?.isUnsent !== undefined;
    this.#reason = isOwn || how == "unbuildable" ? String(error?.message ?? "") : reason;
    this.#request = (isOwn && error.cause) || error;
  }

  /** @param {Failure} failure @param {unknown} [cause] */
  error(failure, cause) {
    const { code, status } = failure;
    const lost = code == "session_ended" && this.#bound.lost;
    if (lost) failure = { ...failure, error_description: lost, refreshTokenState: "unspent" };
    if (/storage|lock/.test(code)) cause = this.storage;
    // Without a status there was no reply: the reason was recorded by `request`.
    if (/rejected|unavailable|unknown/.test(code) && !status) {
      cause = this.#request;
      failure = { error_description: this.#reason, ...failure };
    }
    const { scrub, presentable } = this.#scrubber;
    const { retry_at, error, error_description, ...fields } = failure;
    return new this.#RefreshError({
      ...fields,
      error: scrub(error),
      error_description: scrub(error_description),
      cause: cause && presentable(cause),
      ...(retry_at && { retryAfterSeconds: Math.max(0, Math.ceil(retry_at - Date.now() / 1000)) }),
    });
  }
}
