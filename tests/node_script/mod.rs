//! Runs JavaScript of the checkout, for tests that compare it with Rust.

use std::process::Command;

/// What a module prints. Its imports are relative to the checkout.
pub fn said_by_node(script: &str) -> String {
    let run = Command::new("node")
        .args(["--input-type=module", "--eval", script])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("node can be started");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8_lossy(&run.stdout).into_owned()
}
