//! Paths in the project, and its version.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{bail, Context, Result};

pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

pub fn target() -> PathBuf {
    root().join("target")
}

/// The assembled npm package.
pub fn package() -> PathBuf {
    root().join("dist/package")
}

pub fn tarball() -> PathBuf {
    root().join("dist/oauth-refresher.tgz")
}

/// The folder of the tests and of their npm dependencies.
pub fn tests() -> PathBuf {
    root().join("tests")
}

/// The unpacked package, where `import "oauth-refresher"` resolves to from any test.
pub fn installed() -> PathBuf {
    tests().join("node_modules/oauth-refresher")
}

/// The path relative to the project, for messages.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The version in Cargo.toml. pkg-template/package.json must have the same.
pub fn version() -> Result<String> {
    let crate_version = crate_version(&read(&root().join("Cargo.toml"))?)?;
    let package: serde_json::Value = serde_json::from_str(&read(&root().join("pkg-template/package.json"))?)
        .context("pkg-template/package.json is not JSON")?;
    let package_version = package["version"].as_str().unwrap_or("none");
    if package_version != crate_version {
        bail!("Cargo.toml says version {crate_version}, pkg-template/package.json says {package_version}: make them equal");
    }
    Ok(crate_version)
}

pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", shown(path)))
}

fn crate_version(manifest: &str) -> Result<String> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != "[package]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'))
        .map(str::to_owned)
        .context("Cargo.toml has no line `version = \"…\"` under [package]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crates_version_is_the_one_under_package() {
        let manifest =
            "[workspace]\nversion = \"9.9.9\"\n[package]\nname = \"x\"\nversion = \"1.2.3\"\n[dependencies]\n";
        assert_eq!(crate_version(manifest).ok().as_deref(), Some("1.2.3"));
    }

    #[test]
    fn a_version_of_another_table_is_not_the_crates() {
        assert!(crate_version("[package]\nname = \"x\"\n[other]\nversion = \"1.2.3\"\n").is_err());
    }
}
