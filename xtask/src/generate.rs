//! `generate`: the declarations of the provider presets and the table of docs/providers.md, from the rows beside the presets.
//! The package always holds fresh output. The committed copies are for TypeScript in the checkout and for readers of the
//! repository; the suite `providers` fails when they differ from the package.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::package::{self, Files};
use crate::project::{self, shown};
use crate::{prepare, run};

const LIMIT: Duration = Duration::from_secs(60);
/// The rows and the program that reads them; not part of the package.
pub const SOURCE: &str = "pkg-template/providers/source/";

/// The generated files by their path in the project.
pub fn generated() -> Result<Files> {
    prepare::npm_dependencies()?;
    let folder = project::target().join("xtask/generated");
    let _ = fs::remove_dir_all(&folder);
    let mut command = run::program("node");
    command.arg(project::root().join(SOURCE).join("generate.mjs")).arg(&folder);
    run::must(&mut command, LIMIT).context("the provider declarations cannot be generated")?;
    let mut files = Files::new();
    package::add_folder(&mut files, &folder, "")?;
    Ok(files)
}

/// Writes the committed copies that are not current.
pub fn generate() -> Result<()> {
    let _lock = package::lock()?;
    let files = stale(&generated()?);
    for (name, content) in &files {
        let path = project::root().join(name);
        fs::write(&path, content).with_context(|| format!("cannot write {}", shown(&path)))?;
        println!("wrote {name}");
    }
    println!("{} generated files changed", files.len());
    Ok(())
}

/// The files whose committed copy differs.
pub fn stale(files: &Files) -> Files {
    let is_stale = |name: &str, content: &[u8]| !fs::read(project::root().join(name)).is_ok_and(|text| text == content);
    files.iter().filter(|(name, content)| is_stale(name, content)).map(|(n, c)| (n.clone(), c.clone())).collect()
}
