// @ts-check
/** @import { TokenStorage } from "../index.js" */
/** @import { Failure } from "./door.js" */
/** @import { scrubber } from "./scrub.js" */

/**
 * The errors of callers and listeners: what the core says has failed, and what was thrown on this side, without secrets. In the core's
 * chunk: before there is a core only that it cannot be loaded is an error.
 */
export class Failures {
  /** What the storage or its lock threw last. @type {Error | undefined} */
  storage;

  #scrubber;
  #bound;
  #RefreshError;
  /** Why the last request brought no reply: what the platform, `transport` or a function of the options threw. @type {unknown} */
  #request;
  /** What that means, in words of this side. @type {string | undefined} */
  #reason;

  /**
   * @param {ReturnType<typeof scrubber>} scrubber @param {TokenStorage & { lost?: string }} storage  One that needs a key says why it lost a session.
   * @param {typeof import("./error.js").RefreshError} RefreshError
   */
  constructor(scrubber, storage, RefreshError) {
    this.#scrubber = scrubber;
    this.#bound = storage;
    this.#RefreshError = RefreshError;
  }

  /** Without arguments: a request begins. @param {any} [error] @param {string} [how] @param {string} [reason] */
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
    // Without a status there was no reply, and the reason is on this side.
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
