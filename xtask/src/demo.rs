//! `demo`: what a user would do first. Packs, installs the tarball with npm into a project of its own, and runs www/demo.mjs,
//! which starts the servers, refreshes against all of them, and serves the page.

use std::ffi::OsString;
use std::fs;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::{pack, prepare, project, run};

const INSTALL_LIMIT: Duration = Duration::from_secs(120);

pub fn demo(arguments: &[OsString]) -> Result<ExitCode> {
    prepare::npm_dependencies()?;
    println!("building and packing the package …");
    pack::pack()?;
    let project = project::target().join("demo");
    println!("installing {} into {} …", project::shown(&project::tarball()), project::shown(&project));
    let _ = fs::remove_dir_all(&project);
    fs::create_dir_all(&project).context("cannot create target/demo")?;
    fs::write(project.join("package.json"), "{ \"name\": \"demo\", \"private\": true, \"type\": \"module\" }\n")
        .context("cannot write target/demo/package.json")?;
    let mut install = run::program("npm");
    install.args(["install", "--silent", "--no-fund", "--no-audit"]).arg(project::tarball()).current_dir(&project);
    run::must(&mut install, INSTALL_LIMIT).context("the tarball cannot be installed")?;

    let mut page = run::program("node");
    page.arg("www/demo.mjs").args(arguments).stdin(Stdio::inherit());
    page.env("OAUTH_REFRESHER_PACKAGE", project.join("node_modules/oauth-refresher"));
    let status = page.status().context("cannot start node")?;
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}
