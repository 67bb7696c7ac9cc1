//! Keeps OAuth 2.0 access tokens fresh: one refresh at a time, no token lost, whatever the network, the server or a second tab does.
//!
//! A refresh is a POST that cannot be repeated safely. Servers that rotate make each refresh token good for one use; a second use, a
//! lost reply, a write that failed, two tabs, a laptop that slept, or a 429 mistaken for a refusal, and a user is logged out. Here
//! the refresh is one state machine with one path:
//! **look → lock → re-read → mark pending → send → save → unlock → grant → notify.**
//!
//! The npm package of the same name is this crate, compiled to WebAssembly, and a driver in JavaScript. For programs in Rust there is:
//!
//! # The machine
//!
//! [`core`] decides and is sans-I/O: no clock, no randomness, no dependency. [`core::machine::Machine::step`] takes an input and
//! returns effects. Without features this is all that is built, on every target; `examples/by_hand` is a complete program that
//! performs the effects with sockets and a file.
//!
//! ```
//! use oauth_refresher::core::json::Json;
//! use oauth_refresher::core::machine::{Effect, Input, Machine, Demand};
//! use oauth_refresher::core::record::Stored;
//! use oauth_refresher::core::time::{Duration, UnixTime};
//!
//! let options = Json::parse(r#"{ "client_id": "my-app" }"#).unwrap_or_default();
//! let mut machine = Machine::new(options, 42);
//! let now = UnixTime::from_millis(1_700_000_000_000);
//!
//! // A caller wants a token: the storage is read first.
//! let demand = Demand { deadline: now + Duration::from_secs(30), ..Demand::default() };
//! let orders = machine.step(now, Input::Demanded(1, demand));
//! let [Effect::Load(order)] = orders.as_slice() else { panic!("{orders:?}") };
//!
//! // It contains a token that is valid for an hour: the caller gets it, and nothing is sent.
//! let stored = r#"{
//!     "format": 1, "generation": 7, "obtained_at": 1700000000,
//!     "tokens": { "access_token": "at", "refresh_token": "rt", "expires_in": 3600 }
//! }"#;
//! let orders = machine.step(now, Input::Loaded(*order, Stored::from_json(stored)));
//! assert!(orders.iter().any(|order| matches!(order, Effect::Grant(1))));
//! ```
//!
//! # The driver
//!
//! Feature `web`: `web::Refresher` performs the effects with `fetch`, timers and Web Locks, for pages in Leptos, Yew or Dioxus and
//! for Workers in Rust.
//!
//! # Storage
//!
//! The stored value is one [`core::record::Record`]: plain JSON with a generation that grows with every write, and with a mark that is
//! written before a refresh token is sent. The npm package and this crate write the same format, so they can share a session.
//! With feature `web` a storage is memory, Web Storage, IndexedDB, any storage object of the npm package, or a trait to implement.
//!
//! # Errors
//!
//! A failure is a value with a stable [`core::machine::Code`], the server's own texts, and the state of the refresh token. Only the
//! server's parsed answer ends a session (`invalid_grant`, a code that asks the user to act or that the options name, an id_token of
//! another user). A refusal counts only if the refused refresh token is still stored. No error and no `Debug` output contains a token.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | none | the machine, for any target, without a dependency |
//! | `serde` | `Serialize` and `Deserialize` for records, tokens, token sets, times; `Serialize` for the words of states and errors |
//! | `web` | the driver; implies `serde` |
//! | `npm` | the door of the npm package; not for applications |
#![deny(missing_docs)]
// docs.rs builds with a nightly: what needs a feature says so.
#![cfg_attr(docsrs, feature(doc_cfg))]
// The core needs a heap and nothing else of an operating system; in the wasm module this also leaves out the texts of
// panics and all that formats them.
#![no_std]

extern crate alloc;
#[cfg(test)]
#[macro_use]
extern crate std;

pub mod core;

/// The page docs/rust.md, whose code is compiled as a doc test.
#[cfg(all(doctest, feature = "web"))]
#[doc = include_str!("../docs/rust.md")]
struct RustPage;

// An application has its own allocator.
#[cfg(all(target_arch = "wasm32", feature = "npm", not(feature = "web")))]
mod allocator;
#[cfg(all(target_arch = "wasm32", feature = "npm"))]
pub mod npm;
#[cfg(feature = "web")]
pub mod web;
