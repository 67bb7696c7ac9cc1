// @ts-check
// Generated from src/core/oauth/messages.rs by `cargo xtask generate`.

/** A request that waits for values before it can be built was not sent. */
export const FUNCTION_LATE = "a function of the options did not answer in time";

/** The Fetch standard's "bad ports". A browser's own error does not say so. */
export const BLOCKED_PORT = "fetch blocks the port of this URL: use another";

/** The time of the request is over. */
export const NO_REPLY_IN_TIME = "no reply in time";

/** `navigator.onLine` is a hint: it chooses these words and stops nothing. */
export const OFFLINE = "no reply: this device says that it is offline";

/** A page is not told whether the network or CORS was the reason. */
export const NO_REPLY_IN_PAGE =
  "no reply: network down, or the token endpoint allows no cross-origin requests from this page";

/** Where CORS does not apply. */
export const NO_REPLY = "no reply: network down, or the server is out of reach";

/** The limit of one call of a storage is over. */
export const STORAGE_LATE = "the storage did not answer in time";
