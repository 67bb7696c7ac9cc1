//! Traces: histories as text, in tests/traces. A history that breaks an invariant is shrunk and left there; those that are
//! kept are replayed before anything else, and must break nothing. Lines that begin with # are for people.

use std::fs;
use std::path::{Path, PathBuf};

use crate::reader::read;
use crate::script::{History, Step};
use crate::setup::Setup;
use crate::world::World;

/// Those of the traces that break something: their names, and what.
pub fn all() -> Vec<String> {
    let mut failures = Vec::new();
    for (name, text) in kept() {
        let history = read(&text).unwrap_or_else(|| panic!("tests/traces/{name} is no trace"));
        let world = World::new(history, true).run();
        if let Some(broken) = world.broken {
            println!("{}", world.trace.unwrap_or_default().join("\n"));
            failures.push(format!("tests/traces/{name}: {}: {}", broken.claim, broken.detail));
        }
    }
    failures
}

#[test]
fn a_history_survives_being_written_and_read() {
    for seed in 0..2_000 {
        let history = History::random(seed);
        let read = read(&write(&history)).unwrap_or_else(|| panic!("{}", write(&history)));
        assert_eq!(format!("{read:?}"), format!("{history:?}"));
    }
}

/// The history of that file.
pub fn from(path: &Path) -> History {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    read(&text).unwrap_or_else(|| panic!("{} is no trace", path.display()))
}

/// Leaves the history in tests/traces, and says where.
pub fn keep(history: &History, about: &str) -> String {
    let name = format!("seed-{}.trace", history.seed);
    let text = format!("# {about}\n{}", write(history));
    match fs::create_dir_all(folder()).and_then(|()| fs::write(folder().join(&name), text)) {
        Ok(()) => format!("tests/traces/{name} holds it"),
        Err(error) => format!("tests/traces/{name} cannot be written: {error}"),
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/traces")
}

/// By name. A new trace of a failure is replayed too.
fn kept() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".trace") {
            let text = fs::read_to_string(entry.path()).unwrap_or_else(|error| panic!("tests/traces/{name}: {error}"));
            found.push((name, text));
        }
    }
    found.sort();
    found
}

/// One line for each field and each step, values as `Debug` has them.
fn write(history: &History) -> String {
    let History { seed, setup, script } = history;
    let Setup { devices, skew, lock, storage, latency, rotation, lifetime, says_lifetime, start, reuse, .. } = setup;
    let Setup { timeout, retries, keep_alive, refresh_ahead, fast_path, lazy, patient, .. } = setup;
    let mut text = format!(
        "seed: {seed}\ndevices: {devices:?}\nskew: {skew}\nlock: {lock:?}\nstorage: {storage:?}\nlatency: {latency:?}\n\
         rotation: {rotation:?}\nlifetime: {lifetime}\nsays_lifetime: {says_lifetime}\nstart: {start:?}\nreuse: {reuse:?}\n\
         timeout: {timeout}\nretries: {retries}\nkeep_alive: {keep_alive:?}\nrefresh_ahead: {refresh_ahead}\n\
         fast_path: {fast_path}\nlazy: {lazy}\npatient: {patient}\n"
    );
    for Step { at, what } in script {
        text.push_str(&format!("at {at}: {what:?}\n"));
    }
    text
}
