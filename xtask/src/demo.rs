//! `demo`: packs, installs the tarball with npm into a new project, and runs www/demo.mjs, which serves the page, starts the
//! servers and refreshes against all of them. Each step prints what it is and what is left.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::{pack, prepare, project, run};

const INSTALL_LIMIT: Duration = Duration::from_secs(120);

/// A step, and how many seconds it takes on a quiet machine with two cores where nothing was done before.
struct Step {
    what: &'static str,
    usual_seconds: u64,
    run: fn() -> Result<()>,
}

const STEPS: [Step; 3] = [
    Step { what: "the servers and tools that the demo runs (npm)", usual_seconds: 25, run: prepare::npm_dependencies },
    Step { what: "the package: Rust to WebAssembly, made small, packed", usual_seconds: 45, run: pack::pack },
    Step { what: "a project of its own, with the tarball installed in it", usual_seconds: 3, run: install },
];

pub fn demo(arguments: &[OsString]) -> Result<ExitCode> {
    for (at, step) in STEPS.iter().enumerate() {
        println!("[{} of {}] {} …{}", at + 1, STEPS.len() + 1, step.what, left(&STEPS[at..]));
        let started = Instant::now();
        (step.run)()?;
        println!("    done in {:.1} s", started.elapsed().as_secs_f32());
    }
    println!("[{0} of {0}] the servers, the page, and the first refreshes", STEPS.len() + 1);
    let mut page = run::program("node");
    page.arg("www/demo.mjs").args(arguments).stdin(Stdio::inherit());
    page.env("OAUTH_REFRESHER_PACKAGE", folder().join("node_modules/oauth-refresher"));
    let status = page.status().context("cannot start node")?;
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}

/// What was done by an earlier run takes no time; without one, the usual time is said.
fn left(steps: &[Step]) -> String {
    if project::installed().join("package.json").is_file() {
        return String::new();
    }
    let seconds: u64 = steps.iter().map(|step| step.usual_seconds).sum();
    format!(" about {seconds} s to the page on a quiet machine")
}

fn install() -> Result<()> {
    let folder = folder();
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).context("cannot create target/demo")?;
    fs::write(folder.join("package.json"), "{ \"name\": \"demo\", \"private\": true, \"type\": \"module\" }\n")
        .context("cannot write target/demo/package.json")?;
    run::must(&mut npm_install(&folder), INSTALL_LIMIT).context("the tarball cannot be installed")?;
    Ok(())
}

fn npm_install(folder: &Path) -> std::process::Command {
    let mut command = run::program("npm");
    command.args(["install", "--silent", "--no-fund", "--no-audit"]).arg(project::tarball()).current_dir(folder);
    command
}

fn folder() -> PathBuf {
    project::target().join("demo")
}
