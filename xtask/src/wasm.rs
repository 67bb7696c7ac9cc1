//! The crate as WebAssembly: compiled, bound by wasm-bindgen as a library, made small by wasm-opt.
//! The same bytes on every machine, with one import: what a page downloads says nothing about who built it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{bail, Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::project::{self, shown, WASM_TARGET};
use crate::{glue, prepare, run};

const COMPILE_LIMIT: Duration = Duration::from_secs(15 * 60);
const OPTIMISE_LIMIT: Duration = Duration::from_secs(120);

pub struct Core {
    pub module: Vec<u8>,
    pub glue: String,
}

pub fn core() -> Result<Core> {
    let (glue, module) = bound(&compiled()?)?;
    let module = optimised(&module)?;
    no_machine_paths(&module)?;
    Ok(Core { module, glue })
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
    run::must(&mut command, COMPILE_LIMIT).context("the crate does not compile to WebAssembly")?;
    Ok(project::target().join(WASM_TARGET).join("npm/oauth_refresher.wasm"))
}

/// The same bytes on every machine: no path of this one in the module, not even in a panic's location.
/// Without reference types bindgen makes no externref table: one import less, no start function, and wasm2js accepts it.
fn rust_flags() -> Result<OsString> {
    let mut flags = vec![OsString::from("-Ctarget-feature=-reference-types")];
    let mut remap = |from: &Path, to: &str| {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(from);
        flag.push("=");
        flag.push(to);
        flags.push(flag);
    };
    // The last match wins, so from the general to the particular.
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
        // With the rust-src component the standard library's paths are the toolchain's; as if it were not there.
        remap(&Path::new(sysroot.trim()).join("lib/rustlib/src/rust"), &format!("/rustc/{commit}"));
    }
    remap(project::root(), "oauth-refresher");
    Ok(flags.join(&OsString::from("\u{1f}")))
}

fn bound(module: &Path) -> Result<(String, Vec<u8>)> {
    const ADVICE: &str = "if a function of src/npm.rs takes or returns a JavaScript object (JsValue, a js-sys type, \
        Result<_, String>, an imported function), make it strings and numbers: the module is built without reference types";
    let output = project::target().join("xtask/bindgen");
    let mut bindgen = Bindgen::new();
    bindgen
        .input_bytes("core", without_reference_types(module)?)
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
        bail!("the crate brings JavaScript snippets, which the package has no place for");
    }
    let mut generated = generated;
    generated.emit(&output).context("wasm-bindgen's output cannot be written")?;
    let glue = glue::factory(&project::read(&output.join("core.js"))?, &bindgen_version()?)?;
    Ok((glue, fs::read(output.join("core_bg.wasm")).context("wasm-bindgen wrote no module")?))
}

/// The compiler's own runtime objects (128-bit multiplication, say) claim reference types for the whole module without using
/// any; bindgen believes the claim. In the target_features section it is `+`, a length and the name; `-` takes it back.
fn without_reference_types(module: &Path) -> Result<Vec<u8>> {
    const CLAIM: &[u8] = b"+\x0freference-types";
    let mut bytes = fs::read(module).with_context(|| format!("cannot read {}", shown(module)))?;
    let claims: Vec<usize> =
        bytes.windows(CLAIM.len()).enumerate().filter(|(_, window)| *window == CLAIM).map(|(at, _)| at).collect();
    match claims.as_slice() {
        [] => {}
        [at] => bytes[*at] = b'-',
        _ => bail!(
            "the module claims reference types more than once: where its target_features section is cannot be told"
        ),
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

/// wasm-opt takes seconds, so its result is kept beside its input. Never --all-features: that makes modules that engines refuse.
fn optimised(module: &[u8]) -> Result<Vec<u8>> {
    let folder = project::target().join("xtask/wasm-opt");
    let (input, output) = (folder.join("input.wasm"), folder.join("output.wasm"));
    let tool = project::tests().join("node_modules/binaryen/bin/wasm-opt");
    let newer_than_tool =
        || Some(fs::metadata(&output).ok()?.modified().ok()? > fs::metadata(&tool).ok()?.modified().ok()?);
    if newer_than_tool() == Some(true) && fs::read(&input).is_ok_and(|known| known == module) {
        return fs::read(&output).with_context(|| format!("cannot read {}", shown(&output)));
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", shown(&folder)))?;
    let _ = fs::remove_file(&output);
    fs::write(&input, module).with_context(|| format!("cannot write {}", shown(&input)))?;
    let mut command = run::program("node");
    command.arg(&tool).args(["-Oz", "--strip-debug", "--strip-producers", "--strip-target-features"]);
    command.arg(&input).arg("-o").arg(&output);
    run::must(&mut command, OPTIMISE_LIMIT)?;
    fs::read(&output).context("wasm-opt wrote nothing")
}

fn no_machine_paths(wasm: &[u8]) -> Result<()> {
    let registry = cargo_home()?.join("registry");
    for path in [Some(project::root().to_path_buf()), home(), Some(registry)].into_iter().flatten() {
        let text = path.display().to_string();
        if wasm.windows(text.len()).any(|window| window == text.as_bytes()) {
            bail!("the module contains the path {text}: extend the --remap-path-prefix flags in xtask/src/package.rs");
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
