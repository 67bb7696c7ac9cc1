//! What each option may be stands twice, in src/core/option_kinds.rs and in pkg-template/lib/options.js: a page checks its options before
//! it loads the core. Both tables have the same rows, but for what only one driver has.

use std::collections::BTreeSet;

mod node_script;

use node_script::said_by_node;
use oauth_refresher::core::option_kinds::OPTIONS;

/// Options that are code, or that the driver for Rust has no use for.
const ONLY_IN_JAVASCRIPT: [&str; 8] =
    ["issuer", "dpop", "storage", "fetch", "isTokenRejected", "transport", "waitUntil", "trace"];

#[test]
fn both_tables_of_options_have_the_same_rows() {
    let script = r#"
        import { OPTIONS } from "./pkg-template/lib/options.js";
        const rows = (spec, path) =>
            typeof spec == "string" ? console.log(`${path}\t${spec}`)
            : Array.isArray(spec) ? rows(spec[0], path + "[]")
            : Object.entries(spec).map(([name, one]) => rows(one, (path && path + ".") + (name == "any" ? "*" : name)));
        rows(OPTIONS, "");"#;
    let said = said_by_node(script);
    let declared: BTreeSet<&str> = said.lines().collect();
    let rust: BTreeSet<String> = OPTIONS.iter().map(|(path, kinds)| format!("{path}\t{kinds}")).collect();
    let only = |row: &&&str| ONLY_IN_JAVASCRIPT.contains(&row.split('\t').next().unwrap_or(row));
    let shared: BTreeSet<String> = declared.iter().filter(|row| !only(row)).map(|row| (*row).to_owned()).collect();
    assert!(shared.len() > 50, "the rows are found");
    assert_eq!(declared.iter().filter(only).count(), ONLY_IN_JAVASCRIPT.len());
    assert_eq!(rust, shared);
}
