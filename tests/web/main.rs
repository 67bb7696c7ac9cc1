//! The driver for Rust applications, in a page and in a dedicated worker (xtask runs it in both): a scripted server, storage and lock,
//! and what came of them, in order.

#![cfg(all(target_arch = "wasm32", feature = "web"))]

mod callers;
mod data;
mod events;
mod leases;
mod order;
mod sharing;
mod simulator;
mod stage;
mod subject;
mod time;
mod unsent;

use simulator::{dice, queue, reader, script, server, setup, storage, virtual_time};
