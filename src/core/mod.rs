//! Every decision of the library, sans-I/O: no clock, no randomness, no JavaScript. Time, seed and the results of I/O arrive as
//! arguments, so that a simulator can run ten thousand hours in a second.

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
