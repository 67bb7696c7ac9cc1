//! What each option may be stands twice, in src/core/option_kinds.rs and in pkg-template/lib/options.js: a page checks its options before
//! it loads the core. Both tables have the same rows, but for what only one driver has.

use std::collections::BTreeSet;

mod node_script;

use node_script::said_by_node;
use oauth_refresher::core::given::as_given;
use oauth_refresher::core::json::Json;
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

#[test]
fn both_say_the_same_of_what_was_given() {
    let values = [
        r#""allways""#,
        r#""client_secret_jwt""#,
        r#""hunter2""#,
        r#""a-word-of-more-than-nineteen""#,
        r#""""#,
        r#""60""#,
        "30000",
        "-1",
        "1e300",
        "true",
        "null",
        "{}",
        "[]",
        r#""/token""#,
        r#""http://as.example/a/b#x""#,
        r#""HTTPS://*.example""#,
        r#""http://me:s3cret@as.example""#,
        r#""https://as.example/?key=s3cret""#,
        r#""ftp://as.example""#,
        r#""two words""#,
    ];
    let paths = [
        "reuse",
        "client_secret",
        "tokens",
        "parameters.a",
        "headers",
        "request.templates.a",
        "request.basic.password",
    ];
    let script = format!(
        r#"import {{ asGiven }} from "./pkg-template/lib/given.js";
        import {{ SECRETS }} from "./pkg-template/lib/options.js";
        for (const path of {paths:?}) for (const value of [{}]) console.log(asGiven(value, SECRETS.test(path)));"#,
        values.join(", ")
    );
    let said = said_by_node(&script);
    let rust: Vec<String> =
        paths.iter().flat_map(|path| values.map(|value| as_given(path, Json::parse(value).unwrap()))).collect();
    assert_eq!(said.lines().collect::<Vec<_>>(), rust);
}
