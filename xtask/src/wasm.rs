//! Builds the crate as WebAssembly: cargo, wasm-bindgen as a library, wasm-opt.
//! The build is reproducible: the same bytes on every machine, without its paths, and with one import.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{bail, Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::kept::kept;
use crate::project::{self, shown, WASM_TARGET};
use crate::wasm_opt::SMALL;
use crate::{glue, prepare, run, wasm2js};

const COMPILE_LIMIT: Duration = Duration::from_secs(15 * 60);
const OPTIMISE_LIMIT: Duration = Duration::from_secs(120);

pub struct Core {
    pub module: Vec<u8>,
    pub glue: String,
    /// The core as JavaScript, for pages where WebAssembly is blocked, and its glue.
    pub js: String,
    pub js_glue: String,
}

/// 64 KiB instead of a mebibyte: JSON is read to a depth of 64. The memory of an instance is smaller, and so are addresses in the code.
const SMALL_STACK: &str = "-Clink-arg=-zstack-size=65536";

/// Exports for a host that unwinds panics, which ours does not: a panic is a trap.
const UNREAD: [&str; 2] = ["__abort_handler", "__instance_terminated"];

/// Whether an export may have several results (multi-value). wasm2js supports one result per function.
#[derive(Clone, Copy)]
enum Results {
    Several,
    One,
}

pub fn core() -> Result<Core> {
    let compiled = compiled()?;
    let (glue, module) = bound(&compiled, Results::Several)?;
    let module = optimised(&module)?;
    no_machine_paths(&module)?;
    let (js_glue, js_module) = bound(&compiled, Results::One)?;
    Ok(Core { module, glue, js: wasm2js::module(&js_module)?, js_glue })
}

fn compiled() -> Result<PathBuf> {
    prepare::wasm_target()?;
    let mut command = run::cargo();
    command
        .args(["rustc", "--lib", "--crate-type", "cdylib", "--profile", "npm", "--features", "npm"])
        .args(["--target", WASM_TARGET, "--target-dir"])
        .arg(project::target())
        .env("CARGO_ENCODED_RUSTFLAGS", rust_flags()?)
        .env_remove("RUSTFLAGS");
    run::must_aloud(&mut command, COMPILE_LIMIT).context("the crate does not compile to WebAssembly")?;
    Ok(project::target().join(WASM_TARGET).join("npm/oauth_refresher.wasm"))
}

/// Removes this machine's paths from the module, also from the locations of panics.
/// Without reference types wasm-bindgen makes no externref table: one import less, no start function, and wasm2js accepts it.
fn rust_flags() -> Result<OsString> {
    let mut flags = vec![OsString::from("-Ctarget-feature=-reference-types"), OsString::from(SMALL_STACK)];
    let mut remap = |from: &Path, to: &str| {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(from);
        flag.push("=");
        flag.push(to);
        flags.push(flag);
    };
    // The last match wins, so the most general prefix comes first.
    if let Some(home) = home() {
        remap(&home, "home");
    }
    let registry = cargo_home()?.join("registry/src");
    for entry in fs::read_dir(&registry).into_iter().flatten().flatten() {
        remap(&entry.path(), "crates");
    }
    let sysroot = run::text_of(run::program("rustc").args(["--print", "sysroot"]))?;
    let about = run::text_of(run::program("rustc").arg("-vV"))?;
    if let Some(commit) = about.lines().find_map(|line| line.strip_prefix("commit-hash: ")) {
        // With the component rust-src the standard library has paths of the toolchain; without it, these.
        remap(&Path::new(sysroot.trim()).join("lib/rustlib/src/rust"), &format!("/rustc/{commit}"));
    }
    remap(project::root(), "oauth-refresher");
    Ok(flags.join(&OsString::from("\u{1f}")))
}

fn bound(module: &Path, results: Results) -> Result<(String, Vec<u8>)> {
    const ADVICE: &str = "if a function of src/npm.rs takes or returns a JavaScript object (JsValue, a js-sys type, \
        Result<_, String>, an imported function), make it strings and numbers: the module is built without reference types";
    let output = project::target().join("xtask/bindgen");
    let mut bindgen = Bindgen::new();
    bindgen
        .input_bytes("core", without_claims(module, results)?)
        .out_name("core")
        .typescript(false)
        .omit_default_module_path(true);
    bindgen.remove_name_section(true).remove_producers_section(true);
    let generated = bindgen.no_modules(true)?.generate_output().context(ADVICE)?;
    let imports: Vec<_> = generated.wasm().imports.iter().map(|import| import.name.clone()).collect();
    if !imports.iter().all(|name| name.starts_with("__wbg___wbindgen_throw_")) {
        bail!("the module imports {imports:?} and should import nothing but wasm-bindgen's throw; {ADVICE}");
    }
    if generated.snippets().values().any(|snippets| !snippets.is_empty()) || !generated.local_modules().is_empty() {
        bail!("the crate contains JavaScript snippets, which the package does not support");
    }
    let mut generated = generated;
    for unread in UNREAD {
        generated.wasm_mut().exports.remove(unread).context(ADVICE)?;
    }
    generated.emit(&output).context("wasm-bindgen's output cannot be written")?;
    let glue = glue::factory(&project::read(&output.join("core.js"))?, &bindgen_version()?)?;
    let mut module = fs::read(output.join("core_bg.wasm")).context("wasm-bindgen wrote no module")?;
    forget_sources(&mut module);
    Ok((glue, module))
}

/// A panic is a trap here, and nothing reads where in the standard library it was. Its sources have the hash of a commit in their path,
/// which does not compress. Zeros are not written.
fn forget_sources(module: &mut [u8]) {
    const FROM: &[u8] = b"/rustc/";
    const TO: &[u8] = b".rs\0";
    let mut rest = module;
    while let Some(start) = rest.windows(FROM.len()).position(|window| window == FROM) {
        rest = &mut rest[start..];
        let Some(length) = rest.windows(TO.len()).position(|window| window == TO) else { return };
        let (path, after) = rest.split_at_mut(length + TO.len());
        path.fill(0);
        rest = after;
    }
}

/// The compiler's runtime objects (128-bit multiplication, for example) declare reference types for the module without using them,
/// and wasm-bindgen believes the declaration. In the section target_features it is `+`, a length and the name; `-` revokes it.
fn without_claims(module: &Path, results: Results) -> Result<Vec<u8>> {
    const REFERENCE_TYPES: &[u8] = b"+\x0freference-types";
    const MULTIVALUE: &[u8] = b"+\x0amultivalue";
    let mut bytes = fs::read(module).with_context(|| format!("cannot read {}", shown(module)))?;
    let denied: &[&[u8]] = match results {
        Results::Several => &[REFERENCE_TYPES],
        Results::One => &[REFERENCE_TYPES, MULTIVALUE],
    };
    for claim in denied {
        let places: Vec<usize> =
            bytes.windows(claim.len()).enumerate().filter(|(_, window)| window == claim).map(|(at, _)| at).collect();
        match places.as_slice() {
            [] => {}
            [at] => bytes[*at] = b'-',
            _ => bail!("the module declares one feature twice, so its section target_features cannot be located"),
        }
    }
    Ok(bytes)
}

fn bindgen_version() -> Result<String> {
    let manifest = project::read(&project::root().join("xtask/Cargo.toml"))?;
    let line = manifest.lines().find_map(|line| line.strip_prefix("wasm-bindgen-cli-support = \"="));
    line.and_then(|version| version.strip_suffix('"'))
        .map(str::to_owned)
        .context("xtask/Cargo.toml pins no version of wasm-bindgen-cli-support")
}

fn optimised(module: &[u8]) -> Result<Vec<u8>> {
    let tool = project::tests().join("node_modules/binaryen/bin/wasm-opt");
    kept(&format!("wasm-opt{}", SMALL.concat()), module, &tool, |input, output| {
        println!("    made small by wasm-opt …");
        let mut command = run::program("node");
        command.arg(&tool).args(SMALL);
        command.args(["--strip-debug", "--strip-producers", "--strip-target-features"]);
        run::must(command.arg(input).arg("-o").arg(output), OPTIMISE_LIMIT).map(|_| ())
    })
}

fn no_machine_paths(wasm: &[u8]) -> Result<()> {
    let registry = cargo_home()?.join("registry");
    for path in [Some(project::root().to_path_buf()), home(), Some(registry)].into_iter().flatten() {
        let text = path.display().to_string();
        if wasm.windows(text.len()).any(|window| window == text.as_bytes()) {
            bail!("the module contains the path {text}: extend the --remap-path-prefix flags in xtask/src/wasm.rs");
        }
    }
    Ok(())
}

fn home() -> Option<PathBuf> {
    env::var_os("HOME").map(PathBuf::from).filter(|home| home.components().count() > 1)
}

fn cargo_home() -> Result<PathBuf> {
    env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(home()?.join(".cargo")))
        .context("neither CARGO_HOME nor HOME is set")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_standard_library_are_zeros() {
        let mut module = b"a\0/rustc/59/library/str.rs\0mid > len\0/rustc/59/x.rs\0/rustc/z".to_vec();
        let length = module.len();
        forget_sources(&mut module);
        assert_eq!(module.len(), length);
        assert_eq!(module.split(|byte| *byte == 0).filter(|text| !text.is_empty()).count(), 3);
        assert!(module.ends_with(b"/rustc/z") && !module.windows(7).any(|text| text == b"library"));
    }
}
