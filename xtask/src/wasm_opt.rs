//! What wasm-opt does to the core, as WebAssembly and before it becomes JavaScript.

/// Never --all-features: engines reject such modules. `--converge` saves a hundred bytes brotli, and so do the promises about memory:
/// it is the module's own, so it begins as zeros, and nothing is kept below address 1024, because the stack grows down to there and
/// the static memory is above it. `--rereloop` makes blocks and loops anew of the branches, 200 bytes less than the compiler's.
/// Not `--traps-never-happen` (130 bytes): a panic must stay a trap, and bounds checks are panics.
pub const SMALL: [&str; 12] = [
    "--low-memory-unused",
    "--zero-filled-memory",
    "-Oz",
    "--flatten",
    "--rereloop",
    "--merge-blocks",
    "--remove-unused-brs",
    "--code-folding",
    "-Oz",
    "--converge",
    "--one-caller-inline-max-function-size",
    "1000",
];
