//! `mutants`: each change of tests/mutants is made to a copy of the sources, and the world must turn red. What the world
//! cannot see may be caught by a unit test instead, and is counted apart. A copy with target folders of its own: neither
//! the checkout nor its builds are touched.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{bail, Context, Result};

use crate::count::Tally;
use crate::files::{self, Files};
use crate::mutant::{self, Mutant};
use crate::report::Report;
use crate::{package_mutants, project, run};

const LIMIT: Duration = Duration::from_secs(240);
const COMPILE_LIMIT: Duration = Duration::from_secs(600);

/// Those that every `test` applies; all of them take a quarter of an hour or more.
const SHORT: [&str; 3] = ["saves_after_the_grant", "sends_although_its_mark_was_refused", "writes_over_the_winner"];

/// How long each mutant is looked at.
#[derive(Clone, Copy, PartialEq)]
enum Effort {
    Short,
    /// With unit tests for what the world cannot see.
    Long,
}

/// What became of a mutant.
enum Fate {
    /// By an invariant, whose seed is named, or by scenarios.
    ByWorld(String),
    ByUnitTest(String),
    Survived,
}

pub fn list() -> Result<()> {
    for Mutant { name, about, file, .. } in mutant::all()?.into_iter().chain(mutant::all_of_the_package()?) {
        println!("{name}\n    {about} ({file})");
    }
    Ok(())
}

/// Whether each mutant can be made of the sources as they are; nothing is built.
pub fn fit() -> Result<ExitCode> {
    let copy = Copy { sources: sources()?, effort: Effort::Short };
    let mutants = mutant::all()?;
    let mut misfits: Vec<_> = mutants.iter().filter_map(|mutant| copy.with(mutant).err()).collect();
    let of_the_package = mutant::all_of_the_package()?;
    misfits.extend(of_the_package.iter().filter_map(|mutant| package_mutants::fits(mutant).err()));
    for misfit in &misfits {
        println!("{misfit:#}");
    }
    let all = mutants.len() + of_the_package.len();
    println!("{} of {all} mutants fit the sources", all - misfits.len());
    Ok(if misfits.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub fn mutants(only: &[String]) -> Result<ExitCode> {
    let tally = judge(&mutant::selected(mutant::all()?, only)?, Effort::Long)?;
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// As a suite of `test`.
pub fn suite(long: bool) -> Result<Report> {
    let short = SHORT.map(str::to_owned);
    let (only, effort) = if long { (&[][..], Effort::Long) } else { (&short[..], Effort::Short) };
    let mut tally = judge(&mutant::selected(mutant::all()?, only)?, effort)?;
    if long {
        tally += package_mutants::judge(&mutant::all_of_the_package()?)?;
    }
    Ok(Report { tally, output: String::new() })
}

fn judge(mutants: &[Mutant], effort: Effort) -> Result<Tally> {
    let _lock = files::lock_of("mutants.lock")?;
    let copy = Copy { sources: sources()?, effort };
    let changed: Vec<Files> = mutants.iter().map(|mutant| copy.with(mutant)).collect::<Result<_>>()?;
    copy.must_hold_unchanged()?;
    let (all, began) = (mutants.len(), Instant::now());
    let width = mutants.iter().map(|mutant| mutant.name.len()).max().unwrap_or(0);
    println!("   {:>7}  {:width$}  seconds  caught by", format!("of {all}"), "mutant");
    let (mut by_world, mut by_unit_test) = (0, 0);
    for (number, (mutant, files)) in mutants.iter().zip(&changed).enumerate() {
        let started = Instant::now();
        let fate = copy.fate_of(files).with_context(|| format!("tests/mutants/{}.mutant", mutant.name))?;
        let said = match fate {
            Fate::ByWorld(how) => {
                by_world += 1;
                how
            }
            Fate::ByUnitTest(how) => {
                by_unit_test += 1;
                how
            }
            Fate::Survived => format!("SURVIVED: {}", mutant.about),
        };
        println!("   {:7}  {:width$}  {:7.1}  {said}", number + 1, mutant.name, started.elapsed().as_secs_f32());
    }
    let caught = by_world + by_unit_test;
    if by_unit_test > 0 {
        println!("   {by_world} by the world, {by_unit_test} by unit tests");
    }
    println!("   {caught} of {all} caught in {:.0} s", began.elapsed().as_secs_f32());
    Ok(Tally { passed: caught, failed: all - caught, skipped: 0 })
}

/// What the world is built from. The commands come along because the workspace names them; they are not built.
fn sources() -> Result<Files> {
    let root = project::root();
    let mut files = Files::new();
    for name in ["Cargo.toml", "Cargo.lock", "README.md"] {
        files.insert(name.to_owned(), project::read(&root.join(name))?.into_bytes());
    }
    for folder in ["src", "tests/world", "tests/traces", "xtask"] {
        if root.join(folder).is_dir() {
            files::add_folder(&mut files, &root.join(folder), &format!("{folder}/"))?;
        }
    }
    Ok(files)
}

/// The sources as they were at the start, to be changed and built elsewhere.
struct Copy {
    sources: Files,
    effort: Effort,
}

impl Copy {
    fn folder() -> PathBuf {
        project::target().join("mutants/sources")
    }

    fn with(&self, mutant: &Mutant) -> Result<Files> {
        let mut files = self.sources.clone();
        let source = files.get_mut(&mutant.file).with_context(|| {
            format!("tests/mutants/{}.mutant names {}, which is not there", mutant.name, mutant.file)
        })?;
        *source = mutant.applied(&String::from_utf8_lossy(source))?.into_bytes();
        Ok(files)
    }

    fn must_hold_unchanged(&self) -> Result<()> {
        match self.fate_of(&self.sources)? {
            Fate::Survived => Ok(()),
            Fate::ByWorld(how) | Fate::ByUnitTest(how) => bail!("the unchanged sources fail already: {how}"),
        }
    }

    fn fate_of(&self, files: &Files) -> Result<Fate> {
        files::sync(files, &Self::folder())?;
        if let Some(how) = self.failure(&["--test", "world"])? {
            return Ok(Fate::ByWorld(how));
        }
        let unit_test = if self.effort == Effort::Long { self.failure(&["--lib"])? } else { None };
        Ok(unit_test.map_or(Fate::Survived, Fate::ByUnitTest))
    }

    /// How those tests fail, if they do.
    fn failure(&self, tests: &[&str]) -> Result<Option<String>> {
        run::must(self.cargo().args(tests).arg("--no-run"), COMPILE_LIMIT)?;
        let outcome = run::run(self.cargo().args(tests), LIMIT)?;
        if outcome.timed_out {
            return Ok(Some(format!("no end within {} s", LIMIT.as_secs())));
        }
        Ok((!outcome.succeeded).then(|| reason(&outcome.output)))
    }

    fn cargo(&self) -> Command {
        let mut cargo = run::cargo();
        cargo.current_dir(Self::folder()).args(["test", "--release", "--locked", "--quiet"]);
        cargo.env("CARGO_TARGET_DIR", project::target().join("mutants/build"));
        // A change here and there: what it does not touch need not be compiled again, and what it leaves unused is no news.
        cargo.env("CARGO_INCREMENTAL", "1").env("RUSTFLAGS", "-Awarnings").env("RUST_BACKTRACE", "0");
        cargo.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "64");
        for name in ["OAUTH_REFRESHER_LONG", "WORLD_SEED", "WORLD_FROM", "WORLD_GO_ON"] {
            cargo.env_remove(name);
        }
        cargo.env("WORLD_HISTORIES", self.effort.histories().to_string());
        cargo
    }
}

impl Effort {
    /// So many histories are played of each mutant, unless its time is over before; the first that breaks ends it.
    fn histories(self) -> u32 {
        match self {
            Self::Short => 3_000,
            Self::Long => 30_000,
        }
    }
}

/// The seed and the invariant it breaks, and which other tests failed, from what libtest printed.
fn reason(output: &str) -> String {
    let seed = output.lines().find_map(|line| {
        let (number, claim) = line.strip_prefix("seed ")?.split_once(": ")?;
        let claim = claim.split_once(": ").map_or(claim, |(claim, _)| claim);
        number.parse::<u64>().ok().map(|seed| format!("seed {seed}: {claim}"))
    });
    let mut tests: Vec<_> =
        output.lines().filter_map(|line| line.strip_prefix("---- ")?.strip_suffix(" stdout ----")).collect();
    tests.retain(|test| {
        seed.is_none() && !output.contains("\ntests/traces/") || !test.ends_with("no_history_breaks_an_invariant")
    });
    let first = tests.first().map(|test| test.rsplit("::").next().unwrap_or(test));
    let failed = match (first, tests.len()) {
        (Some(first), 1) => Some(first.to_owned()),
        (Some(first), count) => Some(format!("{first} and {} more", count - 1)),
        (None, _) => None,
    };
    let traces = output.lines().filter_map(|line| line.strip_prefix("tests/traces/")?.split_once(".trace: "));
    let mut traces: Vec<_> = traces.map(|(name, _)| name).collect();
    traces.sort_unstable();
    traces.dedup();
    let trace = traces.first().map(|first| match traces.len() {
        1 => format!("trace {first}"),
        count => format!("trace {first} and {} more", count - 1),
    });
    let found: Vec<_> = seed.into_iter().chain(trace).chain(failed).collect();
    if found.is_empty() {
        // It was not a test that failed, but their process.
        let last = output.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("nothing was said");
        return last.trim().to_owned();
    }
    found.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_its_invariant_and_the_scenarios_are_named() {
        let output = "\nfailures:\n\n---- claims::one stdout ----\nx\n---- no_history_breaks_an_invariant stdout ----\n\
            thread 'x' panicked at tests/world/main.rs:1:1:\nseed 17: one at a time: c0 sends rt-0-1\n---- claims::two stdout ----\n";
        assert_eq!(reason(output), "seed 17: one at a time; one and 1 more");
    }

    #[test]
    fn traces_that_turned_red_are_named_once() {
        let output =
            "tests/traces/a.trace: one\ntests/traces/b.trace: two\n---- no_history_breaks_an_invariant stdout ----\n\
            tests/traces/a.trace: one\nseed 17: one: c0\n";
        assert_eq!(reason(output), "seed 17: one; trace a and 1 more");
    }

    #[test]
    fn without_a_seed_the_scenarios_are_named() {
        assert_eq!(reason("---- claims::one stdout ----\nassertion failed\n"), "one");
    }

    #[test]
    fn a_process_that_dies_is_told_by_its_last_words() {
        assert_eq!(reason("running 2 tests\nerror: test failed\n  (signal: 6, SIGABRT)\n\n"), "(signal: 6, SIGABRT)");
    }

    #[test]
    fn every_mutant_still_fits_the_sources() {
        let copy = Copy { sources: sources().expect("the sources can be read"), effort: Effort::Short };
        for mutant in mutant::all().expect("the mutants can be read") {
            if let Err(error) = copy.with(&mutant) {
                panic!("{error:#}");
            }
        }
    }

    #[test]
    fn an_unknown_mutant_is_refused_by_name() {
        let error = mutant::selected(Vec::new(), &["forgets".to_owned()]).map(|_| ()).expect_err("there is none");
        assert!(error.to_string().contains("`forgets`"), "{error}");
    }
}
