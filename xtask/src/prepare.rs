//! Prerequisites on the machine. What can be installed is installed, with a message; for the rest the error names the command
//! that installs it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{bail, Context, Error, Result};

use crate::project::{self, WASM_TARGET};
use crate::run::{self, find, program};

const DOWNLOAD_LIMIT: Duration = Duration::from_secs(15 * 60);

pub fn everything() -> Result<()> {
    wasm_target()?;
    npm_dependencies()?;
    let browser = browser()?;
    println!("ready: wasm target, npm dependencies, {}", browser.chromium.display());
    Ok(())
}

/// `rust-toolchain.toml` is not enough: with RUSTUP_AUTO_INSTALL=0 it installs nothing.
pub fn wasm_target() -> Result<()> {
    let libraries = run::text_of(program("rustc").args(["--print", "target-libdir", "--target", WASM_TARGET]))?;
    if Path::new(libraries.trim()).is_dir() {
        return Ok(());
    }
    if find("rustup").is_none() {
        bail!("this Rust has no {WASM_TARGET} target and there is no rustup to add it: install Rust from rustup.rs");
    }
    println!("adding the Rust target {WASM_TARGET} (rustup target add) …");
    run::must(program("rustup").args(["target", "add", WASM_TARGET]), DOWNLOAD_LIMIT)
        .with_context(|| format!("the Rust target {WASM_TARGET} could not be added"))?;
    Ok(())
}

pub fn node() -> Result<()> {
    const OLDEST: u32 = 20;
    if find("node").is_none() || find("npm").is_none() {
        bail!("node and npm are needed (Node {OLDEST} or newer) and are not on the PATH: install Node from nodejs.org");
    }
    let version = run::text_of(program("node").arg("--version"))?;
    let version = version.trim();
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < OLDEST) {
        bail!("Node {OLDEST} or newer is needed, this is {version}");
    }
    Ok(())
}

/// The npm dependencies of the tests, as locked. Tried once in a run: without a network every suite would wait for it again.
pub fn npm_dependencies() -> Result<()> {
    static RESULT: OnceLock<Result<(), String>> = OnceLock::new();
    once(&RESULT, || install_npm_dependencies(&project::tests()))
}

/// Both SDKs of the Model Context Protocol, beside the tests that are about them and nowhere else.
pub fn mcp_sdks() -> Result<()> {
    static RESULT: OnceLock<Result<(), String>> = OnceLock::new();
    once(&RESULT, || install_npm_dependencies(&project::tests().join("mcp")))
}

/// The frameworks of docs/frameworks.md, beside the tests that are about them and nowhere else.
pub fn frameworks() -> Result<()> {
    static RESULT: OnceLock<Result<(), String>> = OnceLock::new();
    once(&RESULT, || install_npm_dependencies(&project::tests().join("recipes")))
}

/// What `cargo xtask docs` builds the site with, and nothing else needs.
pub fn site_tools() -> Result<()> {
    install_npm_dependencies(&project::root().join("xtask/site"))
}

/// The libraries that `cargo xtask bench` measures the package beside, and nothing else needs.
pub fn peers() -> Result<()> {
    install_npm_dependencies(&project::tests().join("bench/peers"))
}

fn install_npm_dependencies(folder: &Path) -> Result<()> {
    node()?;
    let lock = folder.join("package-lock.json");
    let installed = folder.join("node_modules/.package-lock.json");
    if !lock.is_file() {
        bail!("{} is missing", project::shown(&lock));
    }
    if changed_at(&installed) >= changed_at(&lock) {
        return Ok(());
    }
    println!("installing the npm dependencies of {} (npm ci) …", project::shown(folder));
    run::must_aloud(
        program("npm").args(["ci", "--no-fund", "--no-audit", "--no-update-notifier"]).current_dir(folder),
        DOWNLOAD_LIMIT,
    )
    .context("the npm dependencies could not be installed")?;
    Ok(())
}

#[derive(Clone)]
pub struct Browser {
    pub chromium: PathBuf,
    pub chromedriver: PathBuf,
}

/// Chromium and its driver: from CHROMIUM and CHROMEDRIVER, from the PATH, or else installed from Debian.
pub fn browser() -> Result<Browser> {
    static RESULT: OnceLock<Result<Browser, String>> = OnceLock::new();
    once(&RESULT, install_browser)
}

fn install_browser() -> Result<Browser> {
    if let Some(browser) = browser_here() {
        return Ok(browser);
    }
    if !is_root() || find("apt-get").is_none() {
        bail!("Chromium and chromedriver are needed and are not on the PATH: on Debian, apt-get install chromium chromium-driver");
    }
    println!("installing chromium and chromium-driver (apt-get) …");
    for arguments in [&["update"][..], &["install", "-y", "--no-install-recommends", "chromium", "chromium-driver"]] {
        run::must(program("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"), DOWNLOAD_LIMIT)
            .context("Chromium could not be installed")?;
    }
    browser_here().context("apt-get installed chromium and chromium-driver, but they are still not on the PATH")
}

fn browser_here() -> Option<Browser> {
    let from_env = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_file());
    let chromium = from_env("CHROMIUM")
        .or_else(|| ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(find))?;
    let chromedriver = from_env("CHROMEDRIVER").or_else(|| find("chromedriver"))?;
    Some(Browser { chromium, chromedriver })
}

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

fn once<T: Clone>(result: &OnceLock<Result<T, String>>, make: fn() -> Result<T>) -> Result<T> {
    result.get_or_init(|| make().map_err(|error| format!("{error:#}"))).clone().map_err(Error::msg)
}

fn changed_at(path: &Path) -> Option<std::time::SystemTime> {
    fs::metadata(path).and_then(|file| file.modified()).ok()
}
