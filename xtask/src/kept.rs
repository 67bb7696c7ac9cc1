//! A cache for results that take seconds and depend only on their input and one tool.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::project::{self, shown};

/// The output of `make`, which reads `input` from its first path and writes to its second. Cached until `input` or `tool` changes: what else it
/// depends on, such as flags, belongs to the name.
pub fn kept(name: &str, input: &[u8], tool: &Path, make: impl FnOnce(&Path, &Path) -> Result<()>) -> Result<Vec<u8>> {
    let folder = project::target().join("xtask").join(name);
    let (source, output) = (folder.join("input"), folder.join("output"));
    let newer_than_tool =
        || Some(fs::metadata(&output).ok()?.modified().ok()? > fs::metadata(tool).ok()?.modified().ok()?);
    if newer_than_tool() != Some(true) || !fs::read(&source).is_ok_and(|known| known == input) {
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", shown(&folder)))?;
        let _ = fs::remove_file(&output);
        fs::write(&source, input).with_context(|| format!("cannot write {}", shown(&source)))?;
        make(&source, &output)?;
    }
    fs::read(&output).with_context(|| format!("{name} wrote nothing to {}", shown(&output)))
}
