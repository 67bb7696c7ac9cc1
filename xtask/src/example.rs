//! `example`: packs, installs an example application's dependencies beside it, the tarball among them, and starts it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::{bail, Context, Result};

use crate::{apps, pack, prepare, project, run};

const EXAMPLES: [&str; 4] = ["node", "react", "worker", "rust"];
const INSTALL_LIMIT: Duration = Duration::from_secs(5 * 60);

pub fn example(arguments: &[OsString]) -> Result<ExitCode> {
    let [name] = arguments else { bail!("say which example: {}", EXAMPLES.join(", ")) };
    let Some(name) = EXAMPLES.into_iter().find(|known| name == known) else {
        bail!("there is no example {name:?}; there are {}", EXAMPLES.join(", "))
    };
    prepare::npm_dependencies()?;
    println!("[1 of 3] the package, built and packed …");
    pack::pack()?;
    if name == "rust" {
        println!("[2 of 3] the page and the Worker, compiled …");
        apps::apps()?;
    } else {
        println!("[2 of 3] what examples/{name} depends on (npm install) …");
        install(name)?;
    }
    println!("[3 of 3] examples/{name}");
    let mut started = run::program("node");
    let status = started.arg("main.mjs").current_dir(folder(name)).stdin(Stdio::inherit()).status();
    let code = status.context("cannot start node")?.code();
    Ok(ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}

fn install(name: &str) -> Result<()> {
    let mut install = run::program("npm");
    // no lock: its entry for the tarball would change with every build
    install.args(["install", "--no-package-lock", "--no-fund", "--no-audit", "--no-update-notifier"]);
    run::must_aloud(install.current_dir(folder(name)), INSTALL_LIMIT).map(drop).context("npm install failed")
}

fn folder(name: &str) -> PathBuf {
    let folder = if name == "rust" { "apps" } else { name };
    project::root().join("examples").join(folder)
}
