//! One file of tests/mutants: a single change of the machine that some history must notice. Its name is a claim of what is
//! broken; its text is a sentence, the source file, and a hunk without line numbers:
//!
//! ```text
//! Under the lock the storage is not read again.
//!
//! in src/core/machine/refresh.rs
//!          self.lock = Some((order, reach));
//! -        self.reread();
//! +        self.spend_or_leave(self.now);
//! ```
//!
//! Those of tests/mutants/package change the package's JavaScript, and each names the test that must notice:
//! `in pkg-template/storage/redis.js, seen by tests/stores/misuse.test.mjs: no JSON is told of`. What follows the colon is the
//! beginning, or any part, of the titles to run; without it the whole file runs.

use std::fs;

use anyhow::{bail, Context, Result};

use crate::project;

pub struct Mutant {
    pub name: String,
    pub about: String,
    /// The source file, relative to the project.
    pub file: String,
    /// Of the package: the test file that must notice, and which titles of it.
    pub test: Option<Test>,
    old: String,
    new: String,
}

#[derive(Clone, PartialEq)]
pub struct Test {
    pub file: String,
    pub title: Option<String>,
}

/// Those of the machine, by name.
pub fn all() -> Result<Vec<Mutant>> {
    all_in("mutants")
}

/// Those of the package's JavaScript, by name.
pub fn all_of_the_package() -> Result<Vec<Mutant>> {
    all_in("mutants/package")
}

/// Those of these names; all of them if none is named.
pub fn selected(all: Vec<Mutant>, only: &[String]) -> Result<Vec<Mutant>> {
    if let Some(unknown) = only.iter().find(|name| !all.iter().any(|mutant| mutant.name == **name)) {
        bail!("there is no mutant `{unknown}`; `cargo xtask mutants --list` shows them");
    }
    Ok(all.into_iter().filter(|mutant| only.is_empty() || only.contains(&mutant.name)).collect())
}

fn all_in(folder: &str) -> Result<Vec<Mutant>> {
    let folder = project::tests().join(folder);
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", project::shown(&folder)))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "mutant") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            found.push(read(&name, &project::read(&path)?)?);
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

impl Mutant {
    /// The source with this change.
    pub fn applied(&self, source: &str) -> Result<String> {
        let text = format!("\n{source}");
        match text.matches(&self.old).count() {
            1 => Ok(text.replacen(&self.old, &self.new, 1).split_off(1)),
            0 => bail!(
                "{} no longer holds the lines that the mutant {} changes: write them there as they are now",
                self.file,
                self.name
            ),
            count => bail!(
                "{} holds the lines that the mutant {} changes {count} times: add a line around them, with a blank before it",
                self.file,
                self.name
            ),
        }
    }
}

fn read(name: &str, text: &str) -> Result<Mutant> {
    let malformed = |what: &str| format!("the mutant {name} has no {what}; xtask/src/mutant.rs shows the form");
    let (about, rest) = text.split_once("\n\nin ").with_context(|| malformed("line `in src/…` below its sentence"))?;
    let (place, hunk) = rest.split_once('\n').with_context(|| malformed("lines that change"))?;
    let (file, test) = match place.split_once(", seen by ") {
        Some((file, test)) => (file, Some(Test::read(test))),
        None => (place, None),
    };
    // Whole lines only: each with the line break before it, and one after the last.
    let side = |mark: char| {
        let lines = hunk.trim_end_matches('\n').split('\n');
        let kept = lines.filter_map(|line| line.strip_prefix(mark).or_else(|| line.strip_prefix(' ')));
        kept.fold(String::new(), |side, line| side + "\n" + line) + "\n"
    };
    let (old, new) = (side('-'), side('+'));
    if old == new || old.trim().is_empty() {
        bail!("{}", malformed("line that begins with -"));
    }
    Ok(Mutant { name: name.to_owned(), about: about.trim().to_owned(), file: file.trim().to_owned(), test, old, new })
}

impl Test {
    fn read(text: &str) -> Self {
        let (file, title) = text.split_once(": ").map_or((text, None), |(file, title)| (file, Some(title)));
        Self { file: file.trim().to_owned(), title: title.map(|title| title.trim().to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Mutant {
        read("forgets", "It forgets.\n\nin src/a.rs\n fn a() {\n-    b();\n+    c();\n").expect("it has the form")
    }

    #[test]
    fn a_mutant_changes_the_lines_that_it_names_and_no_others() {
        let source = "fn b() {\n    b();\n}\nfn a() {\n    b();\n}\n";
        let changed = example().applied(source).expect("the lines are there once");
        assert_eq!(changed, "fn b() {\n    b();\n}\nfn a() {\n    c();\n}\n");
    }

    #[test]
    fn lines_that_are_gone_or_there_twice_are_refused_by_name() {
        for source in
            ["fn a() {\n    b(1);\n}\n", "fn a() {\n    b();\n}\nfn a() {\n    b();\n}\n", "xfn a() {\n    b();\n"]
        {
            let error = example().applied(source).expect_err("not exactly once");
            assert!(error.to_string().contains("mutant forgets"), "{error}");
        }
    }

    #[test]
    fn the_test_that_must_notice_is_read_with_its_title() {
        let text = "It forgets.\n\nin pkg-template/a.js, seen by tests/node/a.test.mjs: it is: kept\n-a\n+b\n";
        let mutant = read("forgets", text).expect("it has the form");
        let test = mutant.test.expect("it names a test");
        assert_eq!((&*mutant.file, &*test.file), ("pkg-template/a.js", "tests/node/a.test.mjs"));
        assert_eq!(test.title.as_deref(), Some("it is: kept"));
        assert!(example().test.is_none());
    }

    #[test]
    fn a_mutant_that_changes_nothing_is_refused() {
        assert!(read("same", "Nothing.\n\nin src/a.rs\n a\n").is_err());
        assert!(read("formless", "Nothing.\n").is_err());
    }
}
