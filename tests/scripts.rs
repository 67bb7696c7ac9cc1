//! The driver for Rust brings JavaScript of the package, and the tools bring only the files that an attribute names: a page waits for ever
//! for an import of another file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files that `#[wasm_bindgen(module = "…")]` names below that folder.
fn named(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let in_each = entries.flat_map(|path| {
        if path.is_dir() {
            return named(&path);
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        let files = text.split("wasm_bindgen(module = \"/").skip(1).filter_map(|rest| rest.split('"').next());
        files.map(|file| root().join(file)).collect()
    });
    in_each.collect()
}

/// The files that a script imports.
fn imported(script: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(script).unwrap_or_else(|error| panic!("{}: {error}", script.display()));
    let lines = text.lines().filter(|line| line.starts_with("import ") || line.starts_with("} from "));
    let files = lines.filter_map(|line| line.split('"').nth(1));
    files.map(|file| root().join(resolved(script.parent().expect("a folder"), file))).collect()
}

fn resolved(folder: &Path, relative: &str) -> PathBuf {
    relative.split('/').fold(folder.to_owned(), |at, part| match part {
        "." => at,
        ".." => at.parent().expect("a folder above").to_owned(),
        name => at.join(name),
    })
}

#[test]
fn every_import_of_a_script_of_the_driver_is_named_too() {
    let named = named(&root().join("src/web"));
    assert!(named.len() >= 10, "the scripts are found: {named:?}");
    let missing: Vec<_> = named
        .iter()
        .flat_map(|script| imported(script).into_iter().map(move |file| (script, file)))
        .filter(|(_, file)| !named.contains(file))
        .collect();
    assert!(missing.is_empty(), "name these in an attribute of src/web, or the driver does not load: {missing:#?}");
}
