//! `mutants --package`: each change of tests/mutants/package is made to a copy of the packed package, and the test in Node that it names must
//! turn red. The copy lies in target/mutants/package with a copy of the tests, whose other dependencies are links: neither the checkout
//! nor the installed package is touched.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{bail, Context, Result};

use crate::count::Tally;
use crate::files::{self, Files};
use crate::mutant::{self, Mutant, Test};
use crate::project::{self, shown};
use crate::{pack, prepare, run};

const LIMIT: Duration = Duration::from_secs(240);
const SOURCES: &str = "pkg-template/";
const PACKAGE: &str = "oauth-refresher";

pub fn mutants(only: &[String]) -> Result<ExitCode> {
    let tally = judge(&mutant::selected(mutant::all_of_the_package()?, only)?)?;
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether the mutant can be made of the sources as they are.
pub fn fits(mutant: &Mutant) -> Result<()> {
    test_of(mutant)?;
    mutant.applied(&project::read(&project::root().join(&mutant.file))?).map(drop)
}

pub fn judge(mutants: &[Mutant]) -> Result<Tally> {
    prepare::npm_dependencies()?;
    pack::pack()?;
    let _lock = files::lock_of("package-mutants.lock")?;
    let copy = Copy::new()?;
    copy.must_pass_unchanged(mutants)?;
    let (all, began) = (mutants.len(), Instant::now());
    let width = mutants.iter().map(|mutant| mutant.name.len()).max().unwrap_or(0);
    println!("   {:>7}  {:width$}  seconds  caught by", format!("of {all}"), "mutant");
    let mut caught = 0;
    for (number, mutant) in mutants.iter().enumerate() {
        let started = Instant::now();
        copy.hold(&copy.with(mutant)?)?;
        let said = match copy.failure(test_of(mutant)?)? {
            Some(title) => {
                caught += 1;
                title
            }
            None => format!("SURVIVED: {}", mutant.about),
        };
        println!("   {:7}  {:width$}  {:7.1}  {said}", number + 1, mutant.name, started.elapsed().as_secs_f32());
    }
    println!("   {caught} of {all} caught in {:.0} s", began.elapsed().as_secs_f32());
    Ok(Tally { passed: caught, failed: all - caught, skipped: 0 })
}

fn test_of(mutant: &Mutant) -> Result<&Test> {
    let test = mutant.test.as_ref().with_context(|| format!("the mutant {} names no test", mutant.name))?;
    if !project::root().join(&test.file).is_file() {
        bail!("the mutant {} names {}, which is not there", mutant.name, test.file);
    }
    Ok(test)
}

struct Copy {
    package: Files,
}

impl Copy {
    /// The tests as they are, the package as it is packed, and links to what else is installed.
    fn new() -> Result<Self> {
        let tests = Self::folder().join("tests");
        let _ = fs::remove_dir_all(&tests);
        fs::create_dir_all(tests.join("node_modules")).context("cannot create target/mutants/package")?;
        for (name, path) in entries(&project::tests())? {
            match path.is_dir() {
                true if name == "node_modules" => {}
                true => {
                    let mut files = Files::new();
                    files::add_folder(&mut files, &path, "")?;
                    files::sync(&files, &tests.join(name))?;
                }
                false => fs::copy(&path, tests.join(name)).map(drop).with_context(|| shown(&path))?,
            }
        }
        // what tests read besides
        for name in ["docs", "www"] {
            let mut files = Files::new();
            files::add_folder(&mut files, &project::root().join(name), "")?;
            files::sync(&files, &Self::folder().join(name))?;
        }
        for (name, path) in entries(&project::tests().join("node_modules"))? {
            if name != PACKAGE {
                link(&path, &tests.join("node_modules").join(name))?;
            }
        }
        let mut package = Files::new();
        files::add_folder(&mut package, &project::installed(), "")?;
        let copy = Self { package };
        copy.hold(&copy.package)?;
        Ok(copy)
    }

    fn folder() -> PathBuf {
        project::target().join("mutants/package")
    }

    fn hold(&self, package: &Files) -> Result<()> {
        files::sync(package, &Self::folder().join("tests/node_modules").join(PACKAGE))
    }

    fn with(&self, mutant: &Mutant) -> Result<Files> {
        let mut files = self.package.clone();
        let source = mutant.file.strip_prefix(SOURCES).and_then(|name| files.get_mut(name));
        let source = source.with_context(|| format!("{} is not in the package", mutant.file))?;
        *source = mutant.applied(&String::from_utf8_lossy(source))?.into_bytes();
        Ok(files)
    }

    /// Otherwise a mutant would count as caught by a test that fails anyway, or that runs nothing.
    fn must_pass_unchanged(&self, mutants: &[Mutant]) -> Result<()> {
        let mut tests: Vec<&Test> = Vec::new();
        for mutant in mutants {
            let test = test_of(mutant)?;
            if !tests.contains(&test) {
                tests.push(test);
            }
        }
        for test in tests {
            if let Some(title) = self.failure(test)? {
                bail!("{} fails with the unchanged package already: {title}", test.file);
            }
        }
        Ok(())
    }

    /// The title of the first test that fails.
    fn failure(&self, test: &Test) -> Result<Option<String>> {
        let mut command = run::program("node");
        command.current_dir(Self::folder()).args(["--test", "--test-reporter=tap"]);
        if let Some(title) = &test.title {
            command.arg(format!("--test-name-pattern={title}"));
        }
        if test.file.starts_with("tests/browser/") {
            command.env("CHROMIUM", prepare::browser()?.chromium);
        }
        command.arg(&test.file).env_remove("OAUTH_REFRESHER_LONG");
        let outcome = run::run(&mut command, LIMIT)?;
        if outcome.timed_out {
            return Ok(Some(format!("no end within {} s", LIMIT.as_secs())));
        }
        let titles = |result: &'static str| {
            outcome.output.lines().filter_map(move |line| line.trim_start().strip_prefix(result)?.split_once(" - "))
        };
        if outcome.succeeded {
            // what the pattern leaves out counts as skipped
            if titles("ok ").all(|(_, title)| title.contains("# SKIP")) {
                bail!("{} has no test whose title holds {:?}", test.file, test.title);
            }
            return Ok(None);
        }
        Ok(Some(titles("not ok ").next().map_or_else(|| outcome.output.clone(), |(_, title)| title.to_owned())))
    }
}

fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", shown(folder)))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            found.push((name, entry.path()));
        }
    }
    Ok(found)
}

#[cfg(unix)]
fn link(target: &Path, path: &Path) -> Result<()> {
    std::os::unix::fs::symlink(target, path).with_context(|| format!("cannot link {}", shown(path)))
}

#[cfg(not(unix))]
fn link(_target: &Path, _path: &Path) -> Result<()> {
    bail!("`mutants --package` needs symbolic links");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutant_of_the_package_fits_the_sources() {
        let mutants = mutant::all_of_the_package().expect("they can be read");
        let misfits: Vec<_> = mutants.iter().filter_map(|mutant| fits(mutant).err()).collect();
        assert!(misfits.is_empty(), "{misfits:#?}");
    }
}
