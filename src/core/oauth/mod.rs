//! The standards as values, without state: the token request, the meaning of its reply, and the meaning of a resource server's
//! challenges (RFC 6749, 6750, 7009, 9110, OpenID Connect Core).

pub mod calendar;
pub mod challenge;
mod draft;
pub mod encoding;
pub mod id_token;
mod members;
pub mod messages;
mod refusal;
pub mod request;
pub mod response;
pub mod retry;
pub mod retry_after;
mod words;
