//! `bench`: packs, installs the peers that tests/bench/peers/package-lock.json pins, and measures the package beside them. A whole run
//! writes docs/peers.md. After the installation nothing leaves loopback.

use std::ffi::OsString;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::{pack, prepare, project, run};

/// The parts of a run have limits of their own; this one is for what hangs in spite of them.
const LIMIT: Duration = Duration::from_secs(25 * 60);

pub fn bench(arguments: &[OsString]) -> Result<()> {
    println!("[1 of 3] the package, built and packed …");
    prepare::npm_dependencies()?;
    pack::pack()?;
    println!("[2 of 3] the peers, as locked …");
    prepare::peers()?;
    let mut measure = run::program("node");
    match prepare::browser() {
        Ok(browser) => {
            measure.env("CHROMIUM", browser.chromium);
        }
        Err(error) => println!("  {error:#}. What needs Chromium is left out."),
    }
    println!("[3 of 3] the measurements …");
    measure.arg(project::tests().join("bench/peers/run.mjs")).args(arguments);
    run::must_aloud(&mut measure, LIMIT).context("the bench did not end well")?;
    Ok(())
}
