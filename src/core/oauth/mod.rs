//! The standards as values, without state: what a token request is made of, what its reply means, and what a
//! resource server's challenge asks for (RFC 6749, 6750, 7009, 9110, OpenID Connect Core).

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
