//! The driver for Rust applications, in a page and in a dedicated worker (xtask runs it in both): a scripted server, storage and lock,
//! and what came of them, in order.

#![cfg(all(target_arch = "wasm32", feature = "web"))]

mod callers;
mod data;
mod events;
mod histories;
mod history;
mod order;
mod sharing;
mod stage;
mod subject;
mod time;
mod traces;
mod virtual_time;

// The simulator's people, places and server.
#[allow(dead_code, reason = "the simulator needs all of it")]
#[path = "../world/dice.rs"]
mod dice;
#[allow(dead_code, reason = "the simulator needs all of it")]
#[path = "../world/queue.rs"]
mod queue;
#[path = "../world/reader.rs"]
mod reader;
#[allow(dead_code, reason = "the simulator needs all of it")]
#[path = "../world/script.rs"]
mod script;
#[allow(dead_code, reason = "the simulator needs all of it")]
#[path = "../world/server.rs"]
mod server;
#[allow(dead_code, reason = "the simulator needs all of it")]
#[path = "../world/setup.rs"]
mod setup;
