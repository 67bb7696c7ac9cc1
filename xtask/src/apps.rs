//! Builds the example applications in Rust into target/apps: compiles them, runs wasm-bindgen as a library, then wasm-opt.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::project::{self, shown, WASM_TARGET};
use crate::{prepare, run};

const COMPILE_LIMIT: Duration = Duration::from_secs(15 * 60);
const OPTIMISE_LIMIT: Duration = Duration::from_secs(120);
const MODULES: [&str; 2] = ["page", "worker_in_rust"];

/// Builds `target/apps/page` and `target/apps/worker_in_rust`: a module, its glue and its snippets.
pub fn apps() -> Result<()> {
    prepare::wasm_target()?;
    prepare::npm_dependencies()?;
    let built = project::target().join("apps-build");
    let mut command = run::cargo();
    command.args(["build", "--release", "--locked", "--target", WASM_TARGET, "--manifest-path"]);
    command.arg(manifest()).arg("--target-dir").arg(&built);
    run::must(&mut command, COMPILE_LIMIT).context("the example applications do not compile")?;
    for name in MODULES {
        bound(&built.join(WASM_TARGET).join("release").join(format!("{name}.wasm")), name)?;
    }
    Ok(())
}

pub fn manifest() -> PathBuf {
    project::root().join("examples/apps/Cargo.toml")
}

fn bound(module: &Path, name: &str) -> Result<()> {
    let output = project::target().join("apps").join(name);
    if fs::metadata(output.join("done")).and_then(|done| done.modified()).ok() > fs::metadata(module)?.modified().ok() {
        return Ok(());
    }
    let _ = fs::remove_dir_all(&output);
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).out_name(name).typescript(false).omit_default_module_path(true);
    bindgen.remove_name_section(true).remove_producers_section(true);
    bindgen.web(true)?.generate(&output).with_context(|| format!("wasm-bindgen fails on {name}"))?;
    let wasm = output.join(format!("{name}_bg.wasm"));
    let mut optimise = run::program("node");
    optimise.arg(project::tests().join("node_modules/binaryen/bin/wasm-opt"));
    optimise.args(["-Oz", "--strip-debug", "--strip-producers"]).arg(&wasm).arg("-o").arg(&wasm);
    run::must(&mut optimise, OPTIMISE_LIMIT)?;
    fs::write(output.join("done"), "").with_context(|| format!("cannot write to {}", shown(&output)))
}
