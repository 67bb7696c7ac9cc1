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

use std::fs;

use anyhow::{bail, Context, Result};

use crate::project;

pub struct Mutant {
    pub name: String,
    pub about: String,
    /// The source file, relative to the project.
    pub file: String,
    old: String,
    new: String,
}

/// All there are, by name.
pub fn all() -> Result<Vec<Mutant>> {
    let folder = project::tests().join("mutants");
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
                "{} no longer holds the lines that tests/mutants/{}.mutant changes: write them there as they are now",
                self.file,
                self.name
            ),
            count => bail!(
                "{} holds the lines that tests/mutants/{}.mutant changes {count} times: add a line around them, with a blank before it",
                self.file,
                self.name
            ),
        }
    }
}

fn read(name: &str, text: &str) -> Result<Mutant> {
    let malformed =
        |what: &str| format!("tests/mutants/{name}.mutant has no {what}; xtask/src/mutant.rs shows the form");
    let (about, rest) = text.split_once("\n\nin ").with_context(|| malformed("line `in src/…` below its sentence"))?;
    let (file, hunk) = rest.split_once('\n').with_context(|| malformed("lines that change"))?;
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
    Ok(Mutant { name: name.to_owned(), about: about.trim().to_owned(), file: file.trim().to_owned(), old, new })
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
            assert!(error.to_string().contains("tests/mutants/forgets.mutant"), "{error}");
        }
    }

    #[test]
    fn a_mutant_that_changes_nothing_is_refused() {
        assert!(read("same", "Nothing.\n\nin src/a.rs\n a\n").is_err());
        assert!(read("formless", "Nothing.\n").is_err());
    }
}
