//! `test`: runs every suite in order under a heading; a failing suite does not stop the next one.
//! The last line is always `N passed, N failed`. The exit code is 0 only if no test failed.

use std::env;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{bail, Result};

use crate::count::Tally;
use crate::report::{Length, Report};
use crate::{apps, checks, docs, fuzz, mutants, pack, prepare};

struct Suite {
    name: &'static str,
    about: &'static str,
    /// Needs the packed package in tests/node_modules.
    on_package: bool,
    is_there: fn() -> bool,
    run: fn(Length) -> Result<Report>,
}

const LINT: [&str; 6] = ["fmt", "clippy", "features", "doc", "types", "prettier"];
/// What to run while editing: under three minutes on two cores after the first build.
const QUICK: [&str; 6] = ["fmt", "clippy", "host", "world", "types", "node"];

const SUITES: [Suite; 32] = [
    suite("fmt", "rustfmt", |_| checks::fmt()),
    suite("clippy", "clippy, host", |_| checks::clippy()),
    suite("features", "clippy for every set of features, host and wasm32; the crate as published", |_| {
        checks::clippy_features()
    }),
    suite("doc", "rustdoc without warnings", |_| checks::doc()),
    suite("host", "unit, integration and doc tests on the host", |_| checks::host()),
    suite("fuzz", "libFuzzer on what servers, storages and users hand in", |length| fuzz::suite(length.is_long())),
    Suite { is_there: checks::world_is_there, ..suite("world", "the world simulator, release build", checks::world) },
    Suite {
        is_there: checks::world_is_there,
        ..suite("mutants", "changes of the machine that the simulator must notice; all with --long", |length| {
            mutants::suite(length.is_long())
        })
    },
    Suite {
        is_there: checks::wasm_is_there,
        ..suite("wasm", "wasm-bindgen-test in headless Chromium", |_| checks::wasm())
    },
    suite("web", "the driver for Rust applications, in a page and a worker of Chromium", |length| {
        checks::web(length.is_long())
    }),
    suite("pack", "the npm package, built and packed", |_| checks::packed()),
    on_package("size", "transfer sizes within the budget", |_| checks::small_enough()),
    on_package("types", "TypeScript: declarations and checked JavaScript", |_| checks::types()),
    suite("prettier", "formatting of JavaScript, HTML and CSS", |_| checks::prettier()),
    node(
        "packaging",
        "what is in the tarball, and the environments that it is built for and runs in",
        || has("packaging"),
        |length| checks::node_tests("packaging", true, length),
    ),
    node("node", "the packed package in Node", || has("node"), |length| checks::node_tests("node", false, length)),
    on_package(
        "inline",
        "the tests of sessions once more, with oauth-refresher/inline: the core is there from the first call on",
        checks::inline,
    ),
    on_package("histories", "traces and random histories through the packed package, in Node", |length| {
        checks::histories(length.is_long())
    }),
    node(
        "providers",
        "every preset against a strict server made from what is known of the provider",
        || has("providers"),
        |length| checks::node_tests("providers", false, length),
    ),
    node(
        "chaos",
        "processes on one file that stall, die, sleep and lose their disk",
        || has("chaos"),
        |length| checks::node_tests("chaos", false, length),
    ),
    node(
        "stores",
        "sessions in real Redis and PostgreSQL servers",
        || has("stores"),
        |length| checks::node_tests("stores", false, length),
    ),
    node(
        "python",
        "sessions at django-oauth-toolkit, an authorization server that is not ours",
        || has("python"),
        |length| checks::node_tests("python", false, length),
    ),
    node(
        "runtimes",
        "the packed package in other runtimes",
        || has("runtimes"),
        |length| checks::node_tests("runtimes", false, length),
    ),
    node(
        "fetch",
        "refresher.fetch in Node, workerd and browsers",
        || has("fetch"),
        |length| checks::node_tests("fetch", true, length),
    ),
    node(
        "compose",
        "the recipes of the documentation, with the libraries that they are for",
        || has("compose"),
        |length| checks::node_tests("compose", true, length),
    ),
    node(
        "recipes",
        "docs/frameworks.md in React, Vue, Svelte and Angular",
        || has("recipes"),
        |length| prepare::frameworks().and_then(|()| checks::node_tests("recipes", true, length)),
    ),
    node(
        "examples",
        "the applications of examples/, each run to what it promises",
        || has("examples"),
        |length| prepare::frameworks().and_then(|()| checks::node_tests("examples", true, length)),
    ),
    node(
        "site",
        "the documentation as a site: pages, links, search, on a phone",
        || has("site"),
        |length| docs::docs(&[]).and_then(|()| checks::node_tests("site", true, length)),
    ),
    node(
        "mcp",
        "sessions of clients of the Model Context Protocol, with both SDKs; the whole rig with --long",
        || has("mcp"),
        |long| prepare::mcp_sdks().and_then(|()| checks::node_tests("mcp", false, long)),
    ),
    node(
        "cloudflare",
        "vaults and plain Workers in workerd",
        || has("cloudflare"),
        |length| checks::node_tests("cloudflare", false, length),
    ),
    node(
        "apps",
        "applications in Rust: a page in Chromium, a Worker in workerd",
        || has("apps"),
        |length| apps::apps().and_then(|()| checks::node_tests("apps", true, length)),
    ),
    node(
        "browser",
        "the packed package in Chromium",
        || has("browser"),
        |length| checks::node_tests("browser", true, length),
    ),
];

pub fn list() {
    for suite in &SUITES {
        println!("{:12} {}{}", suite.name, suite.about, if (suite.is_there)() { "" } else { " (nothing there yet)" });
    }
    println!("{:12} {}", "lint", LINT.join(", "));
    println!("{:12} {}; fewer histories, without the slowest files of tests/node", "quick", QUICK.join(", "));
}

pub fn test(names: &[String], long: bool) -> Result<ExitCode> {
    let selected = selected(names)?;
    if long && names.iter().any(|name| name == "quick") {
        bail!("`quick` and `--long` exclude each other");
    }
    // For child processes. Safe: no other thread runs yet.
    if long {
        env::set_var("OAUTH_REFRESHER_LONG", "1");
    }
    let mut total = Tally::default();
    let mut failed = Vec::new();
    let mut package =
        if selected.iter().any(|suite| suite.name == "pack") { Package::Unknown } else { Package::ToBePacked };
    for suite in selected {
        println!("\n== {}: {}", suite.name, suite.about);
        let started = Instant::now();
        let report = package
            .ready_for(suite)
            .and_then(|()| (suite.run)(length(suite.name, names, long)))
            .unwrap_or_else(|error| Report { tally: Tally::one(false), output: format!("{error:#}\n") });
        let Report { tally, output } = report;
        package.learn(suite, tally);
        if tally.failed > 0 {
            println!("{}", output.trim_end());
            failed.push(suite.name);
        }
        println!("   {}, {:.1} s", described(tally), started.elapsed().as_secs_f32());
        total += tally;
    }
    println!();
    if !failed.is_empty() {
        println!("failed: {}", failed.join(", "));
    }
    if total.skipped > 0 {
        println!("{} skipped", total.skipped);
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether tests/node_modules holds the package as it is now.
enum Package {
    /// The suite `pack` is still to come.
    Unknown,
    ToBePacked,
    Packed,
    Broken,
}

impl Package {
    fn ready_for(&mut self, suite: &Suite) -> Result<()> {
        if suite.on_package && matches!(self, Package::ToBePacked) {
            *self = Package::Broken;
            pack::pack()?;
            *self = Package::Packed;
        }
        if suite.on_package && matches!(self, Package::Broken) {
            bail!("not run: the package could not be packed");
        }
        Ok(())
    }

    fn learn(&mut self, suite: &Suite, tally: Tally) {
        if suite.name == "pack" {
            *self = if tally.failed == 0 { Package::Packed } else { Package::Broken };
        }
    }
}

fn selected(names: &[String]) -> Result<Vec<&'static Suite>> {
    for name in names {
        if group(name).is_empty() && !SUITES.iter().any(|suite| suite.name == name) {
            let known: Vec<_> = SUITES.iter().map(|suite| suite.name).collect();
            bail!("there is no suite `{name}`; there are quick, lint, {}", known.join(", "));
        }
    }
    let wanted = |suite: &&Suite| {
        names.is_empty() || names.iter().any(|name| name == suite.name || group(name).contains(&suite.name))
    };
    Ok(SUITES.iter().filter(wanted).filter(|suite| (suite.is_there)()).collect())
}

/// The suites that a name stands for besides its own.
fn group(name: &str) -> &'static [&'static str] {
    match name {
        "lint" => &LINT,
        "quick" => &QUICK,
        _ => &[],
    }
}

/// A suite that is named by itself beside `quick` runs at its usual length.
fn length(suite: &str, names: &[String], long: bool) -> Length {
    let named = |wanted: &str| names.iter().any(|name| name == wanted);
    if long {
        Length::Long
    } else if named("quick") && QUICK.contains(&suite) && !named(suite) {
        Length::Quick
    } else {
        Length::Usual
    }
}

fn described(tally: Tally) -> String {
    let mut text = format!("{} passed", tally.passed);
    if tally.failed > 0 {
        text = format!("{text}, {} FAILED", tally.failed);
    }
    if tally.skipped > 0 {
        text = format!("{text}, {} skipped", tally.skipped);
    }
    text
}

fn has(folder: &str) -> bool {
    !checks::test_files(folder).is_empty()
}

const fn suite(name: &'static str, about: &'static str, run: fn(Length) -> Result<Report>) -> Suite {
    Suite { name, about, on_package: false, is_there: || true, run }
}

const fn on_package(name: &'static str, about: &'static str, run: fn(Length) -> Result<Report>) -> Suite {
    Suite { name, about, on_package: true, is_there: || true, run }
}

const fn node(
    name: &'static str,
    about: &'static str,
    is_there: fn() -> bool,
    run: fn(Length) -> Result<Report>,
) -> Suite {
    Suite { name, about, on_package: true, is_there, run }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_of(names: &[&str]) -> Vec<&'static str> {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        selected(&names).expect("the names are known").iter().map(|suite| suite.name).collect()
    }

    #[test]
    fn suites_run_in_their_own_order_whatever_order_is_asked_for() {
        assert_eq!(names_of(&["size", "fmt", "pack"]), ["fmt", "pack", "size"]);
    }

    #[test]
    fn lint_stands_for_its_steps() {
        assert_eq!(names_of(&["lint"]), LINT);
    }

    #[test]
    fn quick_stands_for_its_steps_at_their_quick_length() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(names_of(&["quick"]), QUICK);
        assert_eq!(length("world", &names(&["quick"]), false), Length::Quick);
        assert_eq!(length("world", &names(&["quick", "world"]), false), Length::Usual);
        assert_eq!(length("world", &[], false), Length::Usual);
        assert_eq!(length("world", &[], true), Length::Long);
        assert!(test(&names(&["quick"]), true).unwrap_err().to_string().contains("--long"));
    }

    #[test]
    fn an_unknown_suite_is_refused_by_name() {
        let error = selected(&["nodes".to_owned()]).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("`nodes`"));
    }
}
