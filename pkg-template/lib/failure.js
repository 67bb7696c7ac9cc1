// @ts-check
import { RefreshError } from "./error.js";

/** @import { Failure } from "./door.js" */
/** @import { scrubber } from "./scrub.js" */

/**
 * A failure of the core as a RefreshError, without secrets.
 * @param {ReturnType<typeof scrubber>} scrubber @param {Failure} failure @param {unknown} cause  What the platform threw.
 */
export function refreshError(
  { scrub, presentable },
  { retry_at, error, error_description, ...fields },
  cause,
) {
  return new RefreshError({
    ...fields,
    error: scrub(error),
    error_description: scrub(error_description),
    cause: cause && presentable(cause),
    ...(retry_at && { retryAfterSeconds: Math.max(0, Math.ceil(retry_at - Date.now() / 1000)) }),
  });
}
