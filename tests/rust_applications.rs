//! Host tests for Rust applications: the example that performs the machine's effects by hand, and the list of traces that the driver's
//! tests in browsers play.

use std::process::Command;

#[test]
fn the_native_example_refreshes_twice_and_stores_what_came() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let run = Command::new(cargo)
        .args(["run", "--quiet", "--example", "by_hand"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo can be started");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    let granted = ["caller 1: a login's", "caller 2: access-1", "caller 3: access-2"];
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.get(..3), Some(&granted[..]), "{said}");
    assert!(lines.last().is_some_and(|line| line.contains(r#""refresh_token":"refresh-2""#)), "{said}");
}

#[test]
fn every_trace_is_in_the_list_of_what_the_driver_for_rust_applications_plays() {
    let tests = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let list = std::fs::read_to_string(tests.join("web/simulator/traces.rs")).expect("the list is there");
    let traces = std::fs::read_dir(tests.join("traces")).expect("the traces are there");
    for trace in traces.flatten().map(|entry| entry.path()) {
        let name = trace.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        assert!(list.contains(&format!("    \"{name}\"\n")), "tests/web/simulator/traces.rs lacks {name}");
    }
}
