//! Texts of both drivers: why a token request was not sent, or had no reply. `pkg-template/lib/ports/messages.js` is generated from this
//! file, and is loaded with the core, before the first request.

/// A request that waits for values before it can be built was not sent.
pub const FUNCTION_LATE: &str = "a function of the options did not answer in time";
/// The Fetch standard's "bad ports". A browser's own error does not say so.
pub const BLOCKED_PORT: &str = "fetch blocks the port of this URL: use another";
/// The time of the request is over.
pub const NO_REPLY_IN_TIME: &str = "no reply in time";
/// `navigator.onLine` is a hint: it chooses these words and stops nothing.
pub const OFFLINE: &str = "no reply: this device says that it is offline";
/// A page is not told whether the network or CORS was the reason.
pub const NO_REPLY_IN_PAGE: &str =
    "no reply: network down, or the token endpoint allows no cross-origin requests from this page";
/// Where CORS does not apply.
pub const NO_REPLY: &str = "no reply: network down, or the server is out of reach";
/// The limit of one call of a storage is over.
pub const STORAGE_LATE: &str = "the storage did not answer in time";
