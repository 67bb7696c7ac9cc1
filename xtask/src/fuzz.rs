//! `fuzz`: libFuzzer on the targets of fuzz/, six seconds each. tests/fuzz.rs checks the same claims without libFuzzer.
//! Needs neither cargo-fuzz nor a nightly compiler: the instrumentation is an LLVM pass, which `-C passes` enables.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::count::Tally;
use crate::report::Report;
use crate::{project, run};

const TARGETS: [&str; 5] = ["replies", "shapes", "records", "challenges", "retry_after"];

/// The flags of cargo-fuzz without the address sanitizer, because the core is safe Rust.
const FLAGS: [&str; 7] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
];

const FETCH_LIMIT: Duration = Duration::from_secs(120);
const BUILD_LIMIT: Duration = Duration::from_secs(15 * 60);

pub fn suite(long: bool) -> Result<Report> {
    if let Some(reason) = what_is_missing() {
        println!("   not run: {reason}; the host suite tests the same claims of its corpus");
        return Ok(Report { tally: Tally { passed: 0, failed: 0, skipped: TARGETS.len() }, output: String::new() });
    }
    let built = built()?;
    let mut report = Report { tally: Tally::default(), output: String::new() };
    for target in TARGETS {
        let (holds, text) = fuzzed(&built, target, if long { 300 } else { 6 })?;
        report.tally += Tally::one(holds);
        if holds {
            let runs = text
                .lines()
                .rev()
                .find(|line| line.starts_with("Done "))
                .unwrap_or("libFuzzer printed no number of runs");
            println!("   {target}: {runs}");
        } else {
            report.output.push_str(&text);
        }
    }
    Ok(report)
}

fn what_is_missing() -> Option<String> {
    if !cfg!(all(unix, target_pointer_width = "64")) {
        return Some("libFuzzer's runtime is for Unix systems of 64 bits".to_owned());
    }
    if !["c++", "g++", "clang++"].into_iter().any(|compiler| run::find(compiler).is_some()) {
        return Some("libFuzzer's runtime is C++, and no compiler for it is on the search path".to_owned());
    }
    let fetched = run::must(run::cargo().args(["fetch", "--locked", "--manifest-path"]).arg(manifest()), FETCH_LIMIT);
    fetched.err().map(|error| format!("libfuzzer-sys cannot be fetched ({error})"))
}

pub fn manifest() -> PathBuf {
    project::root().join("fuzz/Cargo.toml")
}

/// The folder with the built targets. `--target` keeps the flags away from build scripts, which do not link libFuzzer.
fn built() -> Result<PathBuf> {
    let about = run::text_of(run::program("rustc").arg("-vV"))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).context("`rustc -vV` prints no host")?;
    let folder = project::target().join("fuzz");
    let mut command = run::cargo();
    command.args(["build", "--release", "--locked", "--target", host, "--manifest-path"]).arg(manifest());
    command
        .arg("--target-dir")
        .arg(&folder)
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"))
        .env_remove("RUSTFLAGS");
    run::must(&mut command, BUILD_LIMIT).context("the fuzz targets do not compile")?;
    Ok(folder.join(host).join("release"))
}

/// Whether the claims held for every input, and libFuzzer's output.
fn fuzzed(built: &Path, target: &str, seconds: u64) -> Result<(bool, String)> {
    let corpus = project::target().join("fuzz/corpus").join(target);
    let found = project::target().join("fuzz/artifacts").join(target);
    fs::create_dir_all(&found)?;
    plant(&corpus)?;
    let mut command = run::program(built.join(target));
    command.arg(format!("-max_total_time={seconds}")).args(["-max_len=1024", "-timeout=5", "-verbosity=1"]);
    command.arg(format!("-artifact_prefix={}/", found.display())).arg(&corpus);
    let outcome = run::run(&mut command, Duration::from_secs(seconds + 60))?;
    Ok((outcome.succeeded, outcome.output))
}

/// Writes each seed in the three forms that targets read: alone, after two bytes that select a shape and a status, after options.
fn plant(corpus: &Path) -> Result<()> {
    fs::create_dir_all(corpus)?;
    let seeds = project::read(&project::root().join("fuzz/seeds.txt"))?;
    let reply = seeds.lines().next().unwrap_or_default();
    for (number, seed) in seeds.lines().enumerate() {
        for (form, text) in [seed.to_owned(), format!("\0\0{seed}"), format!("{seed}\0{reply}")].iter().enumerate() {
            fs::write(corpus.join(format!("seed-{number}-{form}")), text)?;
        }
    }
    Ok(())
}
