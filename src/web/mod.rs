//! The driver for Rust applications: a page in Leptos, Yew or Dioxus, a Worker in Rust. Feature `web`.
//!
//! ```no_run
//! # async fn page() -> Result<(), Box<dyn std::error::Error>> {
//! use oauth_refresher::web::{indexed_db_storage, IndexedDb, Options, Refresher};
//!
//! let refresher = Refresher::new(
//!     Options::new("https://auth.example/token")
//!         .client_id("my-app")
//!         .storage(indexed_db_storage("session", IndexedDb::default())?)
//!         .origins(["https://api.example"]),
//! )?;
//! let token = refresher.access_token().await?;
//! # Ok(()) }
//! ```
//!
//! It performs the orders of [`core::machine`](crate::core::machine) with the platform's `fetch`, timers and Web Locks, and has the
//! names, defaults, records and lock names of the npm package: a page may have both on one session.
//!
//! - [`Refresher`] is the session: [`access_token`](Refresher::access_token), [`fetch`](Refresher::fetch),
//!   [`set_tokens`](Refresher::set_tokens), [`sign_out`](Refresher::sign_out).
//! - [`Options`] says whom to ask and where the tokens live; a [`Storage`] keeps them.
//! - [`Event`] is what listeners and streams hear.
//! - [`RefreshError`] has a stable [`ErrorCode`], and never a token.
//!
//! Futures are lazy: nothing happens before they are polled. One that is dropped withdraws its demand and nothing else.
//!
//! On Workers a promise belongs to the request that began it. Keep the refresher in a Durable Object (`examples/apps/worker` is one), or
//! make one for each request over a storage that they share and that compares; a refresh then lives as long as its request, or as
//! long as a call of the same refresher that `ctx.wait_until` was given.
//!
//! What the npm package has beyond this: discovery, DPoP, signed client assertions ready-made
//! ([`Options::authenticate`] takes a function), `keep_alive` by alarms.
//!
//! On a target without JavaScript it compiles, so that what is rendered on a server needs no other sources, and its calls panic.
#![warn(clippy::missing_errors_doc)]

mod cause;
mod demand;
mod driver;
mod error;
mod events;
mod fetch;
mod options;
mod options_check;
mod options_data;
mod ports;
mod refresher;
mod request;
mod scrub;
mod storage;
mod token_set;
mod value;

pub use cause::Cause;
pub use demand::Demand;
pub use error::{Misuse, RefreshError, StorageError};
pub use events::{Event, Events, Listener};
pub use fetch::FetchError;
pub use options::{Authenticate, Background, Lock, Options};
pub use refresher::{Capabilities, Refresher};
pub use storage::{
    indexed_db_storage, memory_storage, web_storage, Async, IndexedDb, JsStorage, LockGuard, MemoryStorage, Storage,
    Subscription, Written,
};
pub use value::Value;

pub use crate::core::machine::{Code as ErrorCode, Operation, Revoke, Source, State};
pub use crate::core::policy::Reuse;
pub use crate::core::record::Tokens;
pub use crate::core::token_set::TokenSet;
