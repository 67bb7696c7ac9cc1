//! `pack`: packs dist/package/ into dist/oauth-refresher.tgz with npm and unpacks that into tests/node_modules. Every test
//! imports the packed package by its name and never the working tree.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::project::{self, shown};
use crate::{files, package, run};

const LIMIT: Duration = Duration::from_secs(120);

pub fn pack() -> Result<()> {
    package::build()?;
    let _lock = files::lock()?;
    let packed = npm_pack()?;
    let tarball = project::tarball();
    let bytes = fs::read(&packed).with_context(|| format!("cannot read {}", shown(&packed)))?;
    let unchanged = fs::read(&tarball).is_ok_and(|present| present == bytes);
    if !unchanged {
        fs::rename(&packed, &tarball).with_context(|| format!("cannot write {}", shown(&tarball)))?;
    }
    if !unchanged || !project::installed().join("package.json").is_file() {
        unpack(&tarball, &project::installed())?;
    }
    println!("packed {}: {} bytes", shown(&tarball), bytes.len());
    Ok(())
}

/// npm sets every time stamp in a tarball to one day of 1985, so equal files give equal tarballs.
fn npm_pack() -> Result<std::path::PathBuf> {
    let folder = project::target().join("xtask/pack");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", shown(&folder)))?;
    let mut command = run::program("npm");
    command.args(["pack", "--silent", "--ignore-scripts", "--pack-destination"]).arg(&folder);
    run::must(command.current_dir(project::package()), LIMIT)?;
    let version = project::version()?;
    Ok(folder.join(format!("oauth-refresher-{version}.tgz")))
}

/// Unpacks to a temporary folder and renames it, so that a running test never reads half a package.
fn unpack(tarball: &Path, folder: &Path) -> Result<()> {
    let fresh = project::target().join("xtask/unpacked");
    let _ = fs::remove_dir_all(&fresh);
    fs::create_dir_all(&fresh).with_context(|| format!("cannot create {}", shown(&fresh)))?;
    let mut command = run::program("tar");
    command.arg("-xzf").arg(tarball).arg("-C").arg(&fresh).args(["--strip-components", "1"]);
    run::must(&mut command, LIMIT).context("the tarball cannot be unpacked")?;
    let _ = fs::remove_dir_all(folder);
    fs::rename(&fresh, folder).with_context(|| format!("cannot replace {}", shown(folder)))
}
