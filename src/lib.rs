#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
// The core needs a heap and nothing else of an operating system; in the wasm module this also leaves out the texts of
// panics and all that formats them.
#![no_std]

extern crate alloc;
#[cfg(test)]
#[macro_use]
extern crate std;

pub mod core;

#[cfg(all(target_arch = "wasm32", feature = "npm"))]
mod allocator;
#[cfg(all(target_arch = "wasm32", feature = "npm"))]
pub mod npm;
