//! `build`: assembles dist/package/ from the crate as WebAssembly, its glue, generated files, and pkg-template.

use std::fs;

use anyhow::{Context, Result};

use crate::files::{add, add_folder, lock, sync, Files};
use crate::project::{self, shown};
use crate::{generate, inline, prepare, wasm};

pub fn build() -> Result<()> {
    let _lock = lock()?;
    let files = assembled()?;
    let bytes: usize = files.values().map(Vec::len).sum();
    sync(&files, &project::package())?;
    println!("built {}: {} files, {bytes} bytes", shown(&project::package()), files.len());
    Ok(())
}

fn assembled() -> Result<Files> {
    project::version()?;
    prepare::npm_dependencies()?;
    let wasm::Core { module, glue, js, js_glue } = wasm::core()?;

    let root = project::root();
    let mut files = Files::new();
    add_folder(&mut files, &root.join("pkg-template"), "")?;
    add_folder(&mut files, &root.join("docs"), "docs/")?;
    for name in ["docs/architecture.md", "docs/peers.md", "docs/size.md"] {
        files.remove(name); // for contributors and comparisons
    }
    generate_into(&mut files)?;
    for name in ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        let path = root.join(name);
        if path.is_file() {
            add(&mut files, name, fs::read(&path).with_context(|| format!("cannot read {name}"))?)?;
        } else {
            println!("  note: {name} is missing, so the package is built without it");
        }
    }
    add(&mut files, "lib/core-glue.js", glue.into_bytes())?;
    add(&mut files, "lib/core-js.js", js.into_bytes())?;
    add(&mut files, "lib/core-js-glue.js", js_glue.into_bytes())?;
    add(&mut files, "lib/core-bytes.js", inline::module(&module)?.into_bytes())?;
    add(&mut files, "lib/core-base64.js", inline::base64_module(&module).into_bytes())?;
    add(&mut files, "core.wasm", module)?;
    Ok(files)
}

/// Replaces committed copies by fresh output, and removes the sources of the generator.
fn generate_into(files: &mut Files) -> Result<()> {
    let in_package = |name: &str| name.strip_prefix("pkg-template/").unwrap_or(name).to_owned();
    let generated = generate::generated()?;
    for name in generate::stale(&generated).keys() {
        println!("  note: {name} is not current in the checkout: run `cargo xtask generate` and commit it");
    }
    files.retain(|name, _| !name.starts_with(&in_package(generate::SOURCE)));
    files.extend(generated.into_iter().map(|(name, content)| (in_package(&name), content)));
    Ok(())
}
