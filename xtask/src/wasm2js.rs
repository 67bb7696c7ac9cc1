//! Translates the core to JavaScript, for pages whose content security policy has no `wasm-unsafe-eval` and for engines without
//! WebAssembly: lowered to the features of wasm2js, translated, and turned into a factory like the glue.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{bail, Context, Result};

use crate::kept::kept;
use crate::wasm_opt::SMALL;
use crate::{inline, project, run};

const LIMIT: Duration = Duration::from_secs(180);

/// wasm-opt and wasm2js reject a feature that is not enabled. The compiler uses these.
const ENABLED: [&str; 5] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
];
/// wasm2js supports neither saturating conversions nor sign extension.
const LOWERED: [&str; 2] = ["--llvm-nontrapping-fptoint-lowering", "--signext-lowering"];

const CHANGED: &str = "the output of wasm2js is not in the form that xtask/src/wasm2js.rs expects";

/// The JavaScript of a module that wasm-bindgen wrote with one result per function.
pub fn module(bound: &[u8]) -> Result<String> {
    let written = kept(&format!("wasm2js{}", SMALL.concat()), bound, &binaryen("wasm2js"), |input, output| {
        let lowered = output.with_extension("wasm");
        let mut command = run::program("node");
        command.arg(binaryen("wasm-opt")).args(ENABLED).args(LOWERED);
        command.args(SMALL);
        command.args(["--strip-debug", "--strip-producers", "--strip-target-features"]);
        run::must(command.arg(input).arg("-o").arg(&lowered), LIMIT)?;
        let mut command = run::program("node");
        command.arg(binaryen("wasm2js")).args(ENABLED).arg("-Oz").arg(&lowered).arg("-o").arg(output);
        run::must(&mut command, LIMIT).map(|_| ())
    })?;
    let factory = factory(&with_texts(&String::from_utf8(written).context("wasm2js wrote no UTF-8 text")?)?)?;
    let minified = kept("wasm2js-minified", factory.as_bytes(), &esbuild(), |input, output| {
        let mut command = run::program("node");
        command.arg(esbuild()).arg(input).args(["--loader:=js", "--minify", "--format=esm", "--target=es2022"]);
        command.arg(format!("--outfile={}", output.display()));
        run::must(&mut command, LIMIT).map(|_| ())
    })?;
    let minified = String::from_utf8(minified).context("esbuild wrote no UTF-8 text")?;
    Ok(format!("// @ts-nocheck\n// The core as JavaScript, written by Binaryen's wasm2js from src/npm.rs.\n{minified}"))
}

/// Static memory is mostly text, which compresses better as it is than in base64: a kilobyte less.
fn with_texts(written: &str) -> Result<String> {
    const DECODER: &str = "  var base64ReverseLookup = ";
    const SEGMENTS: &str = "function initActiveSegments(imports) {\n";
    const SEGMENT: &str = "  base64DecodeToExistingUint8Array(bufferView, ";
    const PUT_TEXT: &str = "  function putText(at, escape, text) {
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      bufferView[at++] = code === escape ? text.charCodeAt(++index) | 128 : code;
    }
  }
";
    let (before, rest) = written.split_once(DECODER).context(CHANGED)?;
    let (_, rest) = rest.split_once(SEGMENTS).context(CHANGED)?;
    let mut made = [before, PUT_TEXT, SEGMENTS].concat();
    let mut lines = rest.split_inclusive('\n');
    for line in lines.by_ref() {
        let Some(segment) = line.strip_prefix(SEGMENT) else {
            made.push_str(line);
            break;
        };
        let (at, base64) = segment.strip_suffix("\");\n").and_then(|it| it.split_once(", \"")).context(CHANGED)?;
        let bytes = decoded(base64)?;
        let escape = inline::escape_for(&[&bytes])?;
        made.push_str(&format!("  putText({at}, {escape}, \"{}\");\n", inline::escaped(&bytes, escape)));
    }
    made.extend(lines);
    if made.contains("base64") {
        bail!("{CHANGED}: base64 is used elsewhere too");
    }
    Ok(made)
}

fn decoded(base64: &str) -> Result<Vec<u8>> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for byte in base64.trim_end_matches('=').bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => bail!("{CHANGED}: its base64 has the byte {byte}"),
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Ok(bytes)
}

/// Turns a module that runs at import into a function that makes a new instance at each call.
fn factory(written: &str) -> Result<String> {
    const IMPORT: &str = "import * as $_core_bg_js from './core_bg.js';\n";
    const RUN: &str = "var retasmFunc = asmFunc({\n  \"./core_bg.js\": $_core_bg_js,\n});\n";
    let body = written.strip_prefix(IMPORT).context(CHANGED)?;
    let (body, exports) = body.split_once(RUN).context(CHANGED)?;
    if exports.lines().any(|line| !line.is_empty() && !line.starts_with("export var ")) || body.contains("\nexport ") {
        bail!("{CHANGED}: its exports differ");
    }
    Ok(format!("export default (imports) => {{\n{body}return asmFunc(imports);\n}};\n"))
}

fn binaryen(tool: &str) -> PathBuf {
    project::tests().join("node_modules/binaryen/bin").join(tool)
}

fn esbuild() -> PathBuf {
    project::tests().join(Path::new("node_modules/esbuild/bin/esbuild"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str =
        "import * as $_core_bg_js from './core_bg.js';\n\nvar bufferView;\nfunction asmFunc(imports) {}\n\n\
        var retasmFunc = asmFunc({\n  \"./core_bg.js\": $_core_bg_js,\n});\nexport var memory = retasmFunc.memory;\n";

    #[test]
    fn what_ran_at_import_becomes_a_function() {
        let factory = factory(WRITTEN).expect("the known output is transformed");
        assert!(factory.starts_with("export default (imports) => {\n"));
        assert!(factory.ends_with("return asmFunc(imports);\n};\n"));
        assert!(!factory.contains("import ") && !factory.contains("export var"));
    }

    #[test]
    fn static_memory_is_written_as_text() {
        let written = "var bufferView;\n  var base64ReverseLookup = 1;\nfunction initActiveSegments(imports) {\n  \
            base64DecodeToExistingUint8Array(bufferView, 1024, \"YSIABw==\");\n}\nrest\n";
        let texts = with_texts(written).expect("the known output is transformed");
        assert!(texts
            .contains("function initActiveSegments(imports) {\n  putText(1024, 33, \"a\\\"\\x00\\x07\");\n}\nrest\n"));
        assert!(with_texts(&written.replace("bufferView, 1024", "other, 1024")).is_err());
        assert!(with_texts(&written.replace("YSI", "YS?")).is_err());
    }

    #[test]
    fn another_way_of_writing_fails_the_build() {
        assert!(factory(&WRITTEN.replace("import *", "import")).is_err());
        assert!(factory(&WRITTEN.replace("retasmFunc = asmFunc", "made = asmFunc")).is_err());
        assert!(factory(&WRITTEN.replace("export var memory", "export function memory")).is_err());
    }
}
