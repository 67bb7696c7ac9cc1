//! The simulator's traces and random histories through the packed npm package, in virtual time: in Node, and in Chromium with --long.
//! The world, its server and its judgement are those of tests/web; only the refresher is another one.

#![cfg(all(target_arch = "wasm32", feature = "web"))]

#[path = "../web/simulator/mod.rs"]
mod simulator;
mod subject;

use simulator::{dice, history, queue, reader, script, server, setup, storage};
