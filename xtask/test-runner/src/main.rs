//! wasm-bindgen's own test runner, so that nobody installs it by hand and its version is always the crate's.
//! A crate of its own because it takes a minute to compile, which `cargo xtask build` and `demo` need not wait for.

use std::process::ExitCode;

fn main() -> ExitCode {
    match wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wasm-test-runner: {error:?}");
            ExitCode::FAILURE
        }
    }
}
