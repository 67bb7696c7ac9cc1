//! The simulator's histories through a real driver. The script, the server, the setup and the faults are those of tests/world;
//! the crate around this module has a `subject`, which is what plays. tests/package includes it too.

mod histories;
pub mod history;
mod network;
pub mod storage;
mod traces;
#[allow(dead_code, reason = "tests/web counts timers")]
pub mod virtual_time;

#[allow(dead_code, reason = "the simulator needs all of it")]
#[path = "../../world/dice.rs"]
pub mod dice;
#[allow(dead_code, reason = "the simulator needs all of it")]
#[path = "../../world/queue.rs"]
pub mod queue;
#[path = "../../world/reader.rs"]
pub mod reader;
#[allow(dead_code, reason = "the simulator needs all of it")]
#[path = "../../world/script.rs"]
pub mod script;
#[allow(dead_code, reason = "the simulator needs all of it")]
#[path = "../../world/server.rs"]
pub mod server;
#[allow(dead_code, reason = "the simulator needs all of it")]
#[path = "../../world/setup.rs"]
pub mod setup;
