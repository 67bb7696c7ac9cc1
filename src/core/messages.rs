//! Texts of both drivers, other than the messages of a `Code`. `pkg-template/lib/messages.js` is generated from this file.
//! Texts about requests are in `oauth::messages`.

/// A session that ended because the user has to act (OpenID Connect Core section 3.1.2.6).
pub const USER_REQUIRED: &str = "The server asks for the user: log in again";
/// `storage-failed`: the stored value is no record.
pub const NO_RECORD: &str = "what is stored is no record of this library, and is left as it is";
/// After the origin of a request that gets no access token (RFC 6750 section 5.3).
pub const UNLISTED: &str = " gets no access token: add it to the option `origins` if it may have one";
/// Why nothing is sent: two isolates of Workers answer two requests at once. Workers KV is such a storage.
pub const UNSAFE: &str = "this storage neither locks nor compares before it writes, so two isolates can use one refresh token twice: use a Durable Object, Redis or PostgreSQL; or say in `reuse` that the server forgives a second use";
/// What an endpoint must be (RFC 6749 sections 3.2 and 10.4): without TLS only where nothing leaves the machine, or in a container network.
pub const ENDPOINT: &str =
    "an https URL without credentials or fragment (http on loopback, or with allowInsecureRequests)";
