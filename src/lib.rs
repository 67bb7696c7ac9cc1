#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod core;

#[cfg(all(target_arch = "wasm32", feature = "npm"))]
pub mod npm;
