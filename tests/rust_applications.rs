//! Host tests for Rust applications: the example that performs the machine's effects by hand, and the list of traces that the driver's
//! tests in browsers play.

use std::collections::BTreeSet;
use std::fs::{read_dir, read_to_string};
use std::path::{Path, PathBuf};
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
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let list = read_to_string(tests.join("web/simulator/traces.rs")).expect("the list is there");
    let traces = read_dir(tests.join("traces")).expect("the traces are there");
    for trace in traces.flatten().map(|entry| entry.path()) {
        let name = trace.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        assert!(list.contains(&format!("    \"{name}\"\n")), "tests/web/simulator/traces.rs lacks {name}");
    }
}

/// wasm-bindgen copies the modules that Rust names, and not what those import: a page would not load.
#[test]
fn what_a_shared_module_imports_is_named_and_published_too() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named: BTreeSet<String> = rust_files(&root.join("src/web"))
        .iter()
        .flat_map(|file| between(&read_to_string(file).expect("a source can be read"), "(module = \"/", "\")]"))
        .collect();
    assert!(named.len() >= 9, "{named:?}");
    let manifest = read_to_string(root.join("Cargo.toml")).expect("the manifest is there");
    let published = between(&manifest, "    \"/", "\",");
    for module in &named {
        let is_published = published.iter().any(|pattern| match pattern.split_once('*') {
            Some((begin, end)) => module.starts_with(begin) && module.ends_with(end),
            None => pattern == module,
        });
        assert!(is_published, "`include` of Cargo.toml lacks /{module}");
        let folder = Path::new(module).parent().expect("a module is in a folder");
        let text = read_to_string(root.join(module)).expect("a module is there");
        let imports = text.lines().filter(|line| line.starts_with("import ") || line.starts_with("} from "));
        for import in imports.flat_map(|line| between(line, "from \"", "\";")) {
            let imported = resolved(folder, &import).display().to_string();
            assert!(named.contains(&imported), "{module} imports {imported}, which no #[wasm_bindgen(module)] names");
        }
    }
}

/// A path as imports have it: relative to the folder of the module.
fn resolved(folder: &Path, import: &str) -> PathBuf {
    import.split('/').fold(folder.to_owned(), |at, part| match part {
        "." => at,
        ".." => at.parent().expect("a folder above").to_owned(),
        name => at.join(name),
    })
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = read_dir(folder).expect("a folder can be read").flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] }).collect()
}

/// The texts between those two.
fn between(text: &str, begin: &str, end: &str) -> Vec<String> {
    text.split(begin).skip(1).filter_map(|rest| rest.split_once(end)).map(|(found, _)| found.to_owned()).collect()
}
