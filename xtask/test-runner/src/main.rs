//! wasm-bindgen's test runner as a dependency, so that its version is always the crate's and no manual installation is needed.
//! A separate crate because it takes a minute to compile, and `cargo xtask build` and `demo` do not need it.

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
