//! What takes seconds to make and depends on nothing but its input and one tool is kept beside its input.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::project::{self, shown};

/// What `make` wrote into the second path from `input` in the first, or what it wrote the last time if neither `input` nor
/// `tool` has changed since.
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
