//! What decides. No clock, no I/O, no randomness and no JavaScript: all of that arrives as an argument, so that a
//! simulator can run ten thousand hours of it in a second.

#![forbid(unsafe_code)]

pub mod given;
pub mod json;
pub mod machine;
pub mod messages;
pub mod oauth;
pub mod option_kinds;
pub mod options;
pub mod policy;
pub mod provider;
pub mod record;
pub mod secret;
#[cfg(feature = "serde")]
mod serde;
pub mod time;
pub mod token_set;
pub mod tokens;
