//! A folder's files as a value, and the lock of a checkout. Only files whose content changed are written, so that a test that reads
//! an unchanged package is not disturbed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{bail, Context, Result};

use crate::project::{self, shown};

/// Files by their path in a folder, with forward slashes.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Locks the checkout for one build at a time, like cargo's own lock.
pub fn lock() -> Result<fs::File> {
    lock_of("xtask.lock")
}

pub fn lock_of(name: &str) -> Result<fs::File> {
    let path = project::target().join(name);
    fs::create_dir_all(project::target()).context("cannot create target/")?;
    let file = fs::File::create(&path).with_context(|| format!("cannot create {}", shown(&path)))?;
    file.lock().with_context(|| format!("cannot lock {}", shown(&path)))?;
    Ok(file)
}

pub fn add_folder(files: &mut Files, folder: &Path, prefix: &str) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", shown(folder)))? {
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
            bail!("{} has a name that is not Unicode", shown(&entry.path()));
        };
        if name.starts_with('.') {
            continue;
        }
        let name = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            add_folder(files, &entry.path(), &format!("{name}/"))?;
        } else {
            let content = fs::read(entry.path()).with_context(|| format!("cannot read {}", shown(&entry.path())))?;
            add(files, &name, content)?;
        }
    }
    Ok(())
}

pub fn add(files: &mut Files, name: &str, content: Vec<u8>) -> Result<()> {
    if files.insert(name.to_owned(), content).is_some() {
        bail!("pkg-template/{name} has the path of a generated file");
    }
    Ok(())
}

/// Makes `folder` hold exactly `files`.
pub fn sync(files: &Files, folder: &Path) -> Result<()> {
    for (name, content) in files {
        let path = folder.join(name);
        if fs::read(&path).is_ok_and(|present| present == *content) {
            continue;
        }
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).with_context(|| format!("cannot create {}", shown(parent)))?;
        fs::write(&path, content).with_context(|| format!("cannot write {}", shown(&path)))?;
    }
    remove_others(files, folder, "")
}

fn remove_others(files: &Files, folder: &Path, prefix: &str) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", shown(folder)))? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            let inside = format!("{name}/");
            if files.keys().any(|file| file.starts_with(&inside)) {
                remove_others(files, &entry.path(), &inside)?;
            } else {
                fs::remove_dir_all(entry.path()).with_context(|| format!("cannot remove {}", shown(&entry.path())))?;
            }
        } else if !files.contains_key(&name) {
            fs::remove_file(entry.path()).with_context(|| format!("cannot remove {}", shown(&entry.path())))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_to_hold_exactly_the_packages_files() {
        let folder = std::env::temp_dir().join(format!("oauth-refresher-sync-{}", std::process::id()));
        let first = Files::from([("a.js".into(), b"a".to_vec()), ("lib/b.js".into(), b"b".to_vec())]);
        let second = Files::from([("a.js".into(), b"a".to_vec()), ("c.js".into(), b"c".to_vec())]);
        sync(&first, &folder).expect("the first set is written");
        sync(&second, &folder).expect("the second set replaces it");
        let mut present = Files::new();
        add_folder(&mut present, &folder, "").expect("the folder can be read");
        fs::remove_dir_all(&folder).expect("the folder can be removed");
        assert_eq!(present, second);
    }

    #[test]
    fn a_template_file_in_a_generated_files_place_is_refused() {
        let mut files = Files::from([("core.wasm".into(), Vec::new())]);
        assert!(add(&mut files, "core.wasm", Vec::new()).is_err());
    }
}
