//! The example that performs the machine's orders by hand, as its users run it.

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
