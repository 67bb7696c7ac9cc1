//! wasm-bindgen's test runner as a dependency, so that its version is always the crate's and no manual installation is needed.
//! A separate crate because it takes a minute to compile, and `cargo xtask build` and `demo` do not need it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args;

/// Where the runner serves a test to a browser.
const ADDRESS: &str = "WASM_BINDGEN_TEST_ADDRESS";

fn main() -> ExitCode {
    if let Err(error) = keep_connections_moving() {
        eprintln!("wasm-test-runner: no free port on 127.0.0.1: {error}");
        return ExitCode::FAILURE;
    }
    match run_cli_with_args(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wasm-test-runner: {error:?}");
            ExitCode::FAILURE
        }
    }
}

/// The runner's server (tiny_http 0.12) has four threads and starts a fifth only for a connection that comes while none is idle.
/// It counts a thread as idle until the thread wakes, so of six connections that come at once two are queued behind connections that
/// are kept alive, and the page waits for its modules: half of the runs of a test with twelve modules. The thread that is started for
/// a later connection takes the queued ones, so a connection is opened and closed five times a second.
fn keep_connections_moving() -> std::io::Result<()> {
    const PAUSE: Duration = Duration::from_millis(200);
    if std::env::var_os(ADDRESS).is_some() {
        return Ok(());
    }
    let address: SocketAddr = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    std::env::set_var(ADDRESS, address.to_string());
    thread::spawn(move || loop {
        thread::sleep(PAUSE);
        // Refused until the server is there, and in Node, where there is none.
        drop(TcpStream::connect_timeout(&address, PAUSE));
    });
    Ok(())
}
