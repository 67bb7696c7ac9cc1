//! The commands of each suite of `test`, and how their results are counted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::count::{self, Tally};
use crate::project::{self, WASM_TARGET};
use crate::report::{Length, Report};
use crate::{apps, fuzz, pack, prepare, run, size};

const MINUTE: Duration = Duration::from_secs(60);

pub fn fmt() -> Result<Report> {
    let mut report = check(run::cargo().args(["fmt", "--all", "--check"]), MINUTE)?;
    // these are workspaces of their own
    for manifest in [apps::manifest(), fuzz::manifest()] {
        let other = check(run::cargo().args(["fmt", "--all", "--check", "--manifest-path"]).arg(manifest), MINUTE)?;
        report.tally += other.tally;
        report.output.push_str(&other.output);
    }
    Ok(report)
}

pub fn clippy() -> Result<Report> {
    check(run::cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]), 15 * MINUTE)
}

/// Every set of features on the host and for wasm32, also `npm` and `web` together (`--all-features`), and the crate as it would be
/// published.
pub fn clippy_features() -> Result<Report> {
    prepare::wasm_target()?;
    let mut report = Report { tally: Tally::default(), output: String::new() };
    for (features, on_host) in [("", false), ("serde", true), ("npm", false), ("web", true), ("npm,web", true)] {
        for target in [None, Some(WASM_TARGET)] {
            if target.is_none() && !on_host {
                continue; // no features: linted by `clippy`; `npm` compiles for wasm32 only
            }
            let mut command = run::cargo();
            command.args(["clippy", "--lib", "--features", features]);
            command.args(target.into_iter().flat_map(|target| ["--target", target]));
            if features == "web" && target.is_some() {
                command.args(["--test", "web"]);
            }
            let linted = check(command.args(["--", "-D", "warnings"]), 10 * MINUTE)?;
            report.tally += linted.tally;
            report.output.push_str(&linted.output);
        }
    }
    // The published crate must contain every file that a feature needs.
    let packaged = check(
        run::cargo().args(["publish", "--dry-run", "--allow-dirty", "--quiet", "--features", "web"]),
        10 * MINUTE,
    )?;
    report.tally += packaged.tally;
    report.output.push_str(&packaged.output);
    Ok(report)
}

pub fn doc() -> Result<Report> {
    let arguments = ["doc", "--no-deps", "--features", "web"];
    let mut report = check(run::cargo().args(arguments).env("RUSTDOCFLAGS", "-Dwarnings"), 10 * MINUTE)?;
    let on_docs_rs = as_docs_rs()?;
    report.tally += on_docs_rs.tally;
    report.output.push_str(&on_docs_rs.output);
    Ok(report)
}

/// docs.rs has a nightly, which shows the feature that an item needs: the package's metadata says how it builds.
fn as_docs_rs() -> Result<Report> {
    prepare::wasm_target()?;
    let mut command = run::cargo();
    command.args(["doc", "--no-deps", "--lib", "--features", "serde,web", "--target", WASM_TARGET, "--target-dir"]);
    command.arg(project::target().join("docs.rs"));
    check(command.env("RUSTC_BOOTSTRAP", "1").env("RUSTDOCFLAGS", "--cfg docsrs -Dwarnings"), 10 * MINUTE)
}

/// Unit, integration and doc tests. `world`, `wasm`, `web` and `package` are suites of their own; a debug build of the world takes minutes.
pub fn host() -> Result<Report> {
    let mut tests = run::cargo();
    tests.args(["test", "--workspace", "--no-fail-fast", "--lib", "--bins"]);
    for name in integration_tests().iter().filter(|name| !["world", "wasm", "web", "package"].contains(&name.as_str()))
    {
        tests.args(["--test", name]);
    }
    let mut report = libtest(&mut tests, 15 * MINUTE)?;
    // Tests that need features but no browser.
    let with_features =
        [vec!["test", "--features", "web", "--lib", "--test", "serde"], vec!["test", "--features", "web", "--doc"]];
    for arguments in with_features {
        let tested = libtest(run::cargo().args(arguments), 10 * MINUTE)?;
        report.tally += tested.tally;
        report.output.push_str(&tested.output);
    }
    Ok(report)
}

pub fn world_is_there() -> bool {
    integration_tests().iter().any(|name| name == "world")
}

/// 200,000 histories, or 40 seconds of them. Ten million, with --long, take hours: how far they are is shown. The environment variable
/// WORLD_HISTORIES asks for another number.
pub fn world(length: Length) -> Result<Report> {
    const QUICK_HISTORIES: &str = "20000";
    let mut command = run::cargo();
    command.args(["test", "--release", "--test", "world"]);
    if length == Length::Quick {
        command.env("WORLD_HISTORIES", QUICK_HISTORIES);
    }
    if !length.is_long() {
        return libtest(&mut command, 30 * MINUTE);
    }
    // A passing test's output is shown with this only.
    let outcome = run::run_aloud(command.args(["--", "--nocapture"]), 600 * MINUTE)?;
    Ok(counted(outcome))
}

pub fn wasm_is_there() -> bool {
    integration_tests().iter().any(|name| name == "wasm")
}

/// `src/npm.rs` in headless Chromium.
pub fn wasm() -> Result<Report> {
    in_browsers("npm", "wasm", &[("CHROMEDRIVER", "WASM_BINDGEN_USE_BROWSER")])
}

/// The driver for Rust applications in a page and in a dedicated worker; with --long also in Firefox, if there is a geckodriver.
pub fn web(long: bool) -> Result<Report> {
    let mut places =
        vec![("CHROMEDRIVER", "WASM_BINDGEN_USE_BROWSER"), ("CHROMEDRIVER", "WASM_BINDGEN_USE_DEDICATED_WORKER")];
    if long && run::find("geckodriver").is_some() {
        places.extend([
            ("GECKODRIVER", "WASM_BINDGEN_USE_BROWSER"),
            ("GECKODRIVER", "WASM_BINDGEN_USE_DEDICATED_WORKER"),
        ]);
    } else if long {
        println!("  not run in Firefox: no geckodriver on the PATH (cargo install geckodriver)");
    }
    in_browsers("web", "web", &places)
}

/// The simulator's traces and histories through the packed package: in Node, with --long also in Chromium.
pub fn histories(long: bool) -> Result<Report> {
    prepare::npm_dependencies()?;
    let bundle = project::root().join("dist/histories/package.js");
    run::must(run::program("node").arg(project::tests().join("package/bundle.mjs")).arg(bundle), MINUTE)?;
    let mut report = libtest(&mut wasm_test("web", "package")?, 15 * MINUTE)?;
    if long {
        let in_browser = in_browser("web", "package", "CHROMEDRIVER", "WASM_BINDGEN_USE_BROWSER")?;
        report.tally += in_browser.tally;
        report.output.push_str(&in_browser.output);
    }
    Ok(report)
}

/// Runs a test in each place.
fn in_browsers(features: &str, test: &str, places: &[(&str, &str)]) -> Result<Report> {
    let mut report = Report { tally: Tally::default(), output: String::new() };
    for (driver, place) in places {
        let tested = in_browser(features, test, driver, place)?;
        report.tally += tested.tally;
        report.output.push_str(&tested.output);
    }
    Ok(report)
}

fn in_browser(features: &str, test: &str, driver: &str, place: &str) -> Result<Report> {
    let browser = prepare::browser()?;
    let mut command = wasm_test(features, test)?;
    let program = if driver == "CHROMEDRIVER" { Some(browser.chromedriver) } else { run::find("geckodriver") };
    command.env(driver, program.context("there is no geckodriver")?).env(place, "1");
    libtest(&mut command, 15 * MINUTE)
}

/// A test by wasm-bindgen's runner, which is a crate of this workspace: in Node, unless the environment names another place.
fn wasm_test(features: &str, test: &str) -> Result<Command> {
    prepare::wasm_target()?;
    run::must(run::cargo().args(["build", "--package", "wasm-test-runner"]), 15 * MINUTE)?;
    let runner = project::target().join("debug/wasm-test-runner");
    let mut command = run::cargo();
    command.args(["test", "--target", WASM_TARGET, "--features", features, "--test", test, "--config"]);
    // --config accepts a path with a space; the environment variable does not.
    command.arg(format!("target.{WASM_TARGET}.runner=[{:?}]", runner.display().to_string()));
    command.env_remove("CHROMEDRIVER").env_remove("GECKODRIVER").env_remove("SAFARIDRIVER");
    let is_long = std::env::var_os("OAUTH_REFRESHER_LONG").is_some();
    command.env("WASM_BINDGEN_TEST_TIMEOUT", if is_long { "600" } else { "120" });
    Ok(command)
}

pub fn packed() -> Result<Report> {
    pack::pack()?;
    Ok(Report { tally: Tally::one(true), output: String::new() })
}

pub fn small_enough() -> Result<Report> {
    size::size()?;
    Ok(Report { tally: Tally::one(true), output: String::new() })
}

/// Checks the package's JavaScript against its declarations, and the declarations from a user's TypeScript.
pub fn types() -> Result<Report> {
    prepare::npm_dependencies()?;
    check(npm_tool("typescript/bin/tsc").args(["-p", "tests/tsconfig.json"]), 5 * MINUTE)
}

pub fn prettier() -> Result<Report> {
    check(&mut prettier_with("--check")?, 2 * MINUTE)
}

/// Not a suite: the command `format`, which writes what `fmt` and `prettier` check.
pub fn format() -> Result<()> {
    run::must(run::cargo().args(["fmt", "--all"]), MINUTE)?;
    run::must(run::cargo().args(["fmt", "--all", "--manifest-path"]).arg(apps::manifest()), MINUTE)?;
    run::must(&mut prettier_with("--write")?, 2 * MINUTE)?;
    Ok(())
}

fn prettier_with(mode: &str) -> Result<Command> {
    prepare::npm_dependencies()?;
    let mut command = npm_tool("prettier/bin/prettier.cjs");
    command.args([mode, "--log-level", "warn", "--no-error-on-unmatched-pattern"]);
    command.args(["--config", "tests/.prettierrc.json"]);
    command.args(["pkg-template/**/*.{js,mjs,ts}", "www/**/*.{js,mjs,css,html}", "tests/**/*.{js,mjs,ts}"]);
    Ok(command)
}

/// Files of tests/node that take more than a tenth of its time each: ten thousand sessions in one process, and many processes.
const SLOWEST: [&str; 2] = ["many.test.mjs", "processes.test.mjs"];

const INLINE: &str = "inline";

/// Files of tests/node about the life of a session, which hold for each driver.
const SESSIONS: [&str; 16] = [
    "callers",
    "engine",
    "failing-storages",
    "identity",
    "locks",
    "lost-locks",
    "owners",
    "patience",
    "policy",
    "refresh",
    "refused-tokens",
    "replies",
    "sharing",
    "signed-in",
    "time",
    "unsaved",
];

/// The tests of sessions with `oauth-refresher/inline`, whose driver has a core from the first call on. Node's entry hands out what is
/// fresh before that.
pub fn inline(length: Length) -> Result<Report> {
    let folder = project::tests().join("node");
    let files = SESSIONS.iter().map(|name| folder.join(format!("{name}.test.mjs"))).collect();
    node_files(INLINE, files, false, length)
}

/// Runs every `*.test.mjs` below tests/`folder` with `node --test`.
pub fn node_tests(folder: &str, one_at_a_time: bool, length: Length) -> Result<Report> {
    let mut files = test_files(folder);
    if length == Length::Quick {
        files.retain(|file| !SLOWEST.iter().any(|slow| file.ends_with(slow)));
    }
    node_files(folder, files, one_at_a_time, length)
}

fn node_files(suite: &str, files: Vec<PathBuf>, one_at_a_time: bool, length: Length) -> Result<Report> {
    prepare::npm_dependencies()?;
    // With the process id, because two runs may test the same checkout at the same time.
    let results = project::target().join("xtask").join(format!("{suite}-{}.tap", std::process::id()));
    fs::create_dir_all(project::target().join("xtask")).context("cannot create target/xtask")?;
    let mut command = run::program("node");
    if suite == INLINE {
        command.arg("--import").arg(project::tests().join("node/inline-entry.mjs"));
    }
    command.args(["--test", "--test-reporter=spec", "--test-reporter-destination=stdout", "--test-reporter=tap"]);
    command.arg(format!("--test-reporter-destination={}", results.display()));
    if one_at_a_time {
        let browser = prepare::browser()?;
        command.arg("--test-concurrency=1").env("CHROMIUM", browser.chromium).env("CHROMEDRIVER", browser.chromedriver);
    } else {
        // Most files wait for timers more than they compute. Node's default on two cores is one file at a time.
        let cores = thread::available_parallelism().map_or(2, usize::from);
        command.arg(format!("--test-concurrency={}", cores + 1));
    }
    let outcome = run::run(command.args(files), if length.is_long() { 60 } else { 15 } * MINUTE)?;
    if length.is_long() {
        // the diagnostics of the tests; the runner's own totals are not indented
        outcome.output.lines().filter(|line| line.starts_with("  ℹ")).for_each(|line| println!("{line}"));
    }
    let counted = fs::read_to_string(&results).map(|tap| count::tap(&tap));
    let _ = fs::remove_file(&results);
    let counted = counted.with_context(|| format!("{}\nnode --test wrote no results", outcome.output.trim_end()))?;
    Ok(Report { tally: counted.judged(outcome.succeeded), output: explained(outcome) })
}

pub fn test_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect_test_files(&project::tests().join(folder), &mut found);
    found.sort();
    found
}

fn collect_test_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != "node_modules" {
            collect_test_files(&path, found);
        } else if entry.file_name().to_string_lossy().ends_with(".test.mjs") {
            found.push(path);
        }
    }
}

/// The names of the integration tests: tests/*.rs and tests/*/main.rs.
fn integration_tests() -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(project::tests())
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs") || path.join("main.rs").is_file())
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

/// A tool from tests/node_modules, run by its script because the links in .bin are shell scripts on some systems.
fn npm_tool(script: &str) -> Command {
    let mut command = run::program("node");
    command.arg(project::tests().join("node_modules").join(script));
    command
}

fn check(command: &mut Command, limit: Duration) -> Result<Report> {
    let outcome = run::run(command, limit)?;
    Ok(Report { tally: Tally::one(outcome.succeeded), output: explained(outcome) })
}

fn libtest(command: &mut Command, limit: Duration) -> Result<Report> {
    run::run(command, limit).map(counted)
}

fn counted(outcome: run::Outcome) -> Report {
    Report { tally: count::libtest(&outcome.output).judged(outcome.succeeded), output: explained(outcome) }
}

fn explained(outcome: run::Outcome) -> String {
    if outcome.timed_out {
        outcome.output + "\n(killed at its time limit)\n"
    } else {
        outcome.output
    }
}
