//! The simulator's traces and random histories through the packed npm package, in virtual time: in Node, and in Chromium with --long.
//! The world, its server and its judgement are those of tests/web; only the refresher is another one.

#![cfg(all(target_arch = "wasm32", feature = "web"))]

#[path = "../web/histories.rs"]
mod histories;
#[path = "../web/history.rs"]
mod history;
mod subject;
#[path = "../web/traces.rs"]
mod traces;
#[path = "../web/virtual_time.rs"]
#[allow(dead_code, reason = "tests/web counts timers")]
mod virtual_time;

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
