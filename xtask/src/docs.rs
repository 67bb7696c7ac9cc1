//! `docs`: the documentation as a site in target/docs/. The pages of docs/, the declarations and the crate, with a search.
//! Its tools are installed when this command runs, and by no other.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{bail, Context, Result};

use crate::{package, prepare, project, run};

const LIMIT: Duration = Duration::from_secs(10 * 60);

pub fn docs(arguments: &[OsString]) -> Result<()> {
    println!("[1 of 3] the tools of the site (npm), and the declarations …");
    prepare::site_tools()?;
    package::build()?;
    println!("[2 of 3] the crate (rustdoc) …");
    let mut rustdoc = run::cargo();
    rustdoc.args(["doc", "--no-deps", "--lib", "--features", "web", "--target-dir"]);
    rustdoc.arg(project::target().join("site/rust"));
    run::must_aloud(&mut rustdoc, LIMIT).context("the crate's documentation cannot be built")?;
    println!("[3 of 3] the site: pages, declarations, search …");
    let mut site = run::program("node");
    site.arg("xtask/site/build.mjs").args(arguments);
    if arguments.is_empty() {
        run::must_aloud(&mut site, LIMIT).context("the site cannot be built")?;
        println!("built target/docs/: cargo xtask docs --serve shows it at http://localhost:4173/");
        return Ok(());
    }
    let status = site.stdin(Stdio::inherit()).status().context("cannot start node")?;
    if !status.success() {
        bail!("the site cannot be built: see above");
    }
    Ok(())
}
