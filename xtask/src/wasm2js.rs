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
    let written = String::from_utf8(written).context("wasm2js wrote no UTF-8 text")?;
    let factory = factory(&without_coercions(&without_unused(&with_texts(&written)?)?))?;
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
        let mut at: usize = at.parse().context(CHANGED)?;
        for text in without_octals(&bytes) {
            made.push_str(&format!("  putText({at}, {escape}, \"{}\");\n", inline::escaped(text, escape)));
            at += text.len();
        }
    }
    made.extend(lines);
    if made.contains("base64") {
        bail!("{CHANGED}: base64 is used elsewhere too");
    }
    Ok(made)
}

/// wasm2js declares views and functions of Math whether they are used or not, and a minifier leaves them, since reading a property may do
/// something. The glue reads the memory's buffer only. 60 bytes less.
fn without_unused(written: &str) -> Result<String> {
    const MEMORY: &str = "Object.create(Object.prototype, {
   \"grow\": {
    \"value\": __wasm_memory_grow
   }, 
   \"buffer\": {
    \"get\": function () {
     return buffer;
    }
    
   }
  })";
    let (before, after) = written.split_once(MEMORY).context(CHANGED)?;
    let written = [before, "{ get buffer() { return buffer; } }", after].concat();
    let is_unused = |line: &str| {
        let assigned = line.trim_start().trim_start_matches("var ").split_once(" = ");
        let declared = assigned.filter(|(_, value)| value.starts_with("Math.") || value.starts_with("new Float"));
        declared.is_some_and(|(name, _)| {
            let is_read = |(at, _): (usize, &str)| written[at + name.len()..].starts_with(['(', '[']);
            !written.match_indices(name).any(is_read)
        })
    };
    Ok(written.split_inclusive('\n').filter(|line| !is_unused(line)).collect())
}

/// `(a | 0) == (b | 0)` is `a == b` where both are signed already, which they are but in functions where a variable may be unsigned.
/// `HEAPU8[a + 8 | 0]` is `HEAPU8[a + 8]`: no address of the core is near the largest number. 140 bytes less.
fn without_coercions(written: &str) -> String {
    const FUNCTION: &str = "\n function ";
    let functions = written.split(FUNCTION).map(|function| match is_signed(function) {
        true => indexed_as_they_are(&compared_as_they_are(function)),
        false => function.to_owned(),
    });
    functions.collect::<Vec<_>>().join(FUNCTION)
}

/// Each unsigned value in this function is compared at once, or was made smaller by a shift: none is kept in a variable.
fn is_signed(function: &str) -> bool {
    function.match_indices(">>> ").all(|(at, shift)| {
        let after = &function[at + shift.len()..];
        let is_compared = |rest: &str| rest.starts_with(" <") || rest.starts_with(" >");
        after.starts_with(|digit: char| ('1'..='9').contains(&digit))
            || after.strip_prefix('0').is_some_and(is_compared)
            || after.starts_with('0') && follows_comparison(before_operand(&function[..at]))
    })
}

/// What stands before the variable, the element or the parentheses at the end of the text.
fn before_operand(text: &str) -> &str {
    let mut text = text.trim_end();
    let mut depth = 0;
    if text.ends_with([')', ']']) {
        let opens = text.char_indices().rev().find(|(_, character)| {
            depth += i32::from(matches!(character, ')' | ']')) - i32::from(matches!(character, '(' | '['));
            depth == 0
        });
        text = &text[..opens.map_or(0, |(at, _)| at)];
    }
    text.trim_end_matches(is_in_name)
}

fn compared_as_they_are(function: &str) -> String {
    const COERCED: &str = " | 0)";
    let mut made = String::new();
    let mut pieces = function.split(COERCED).peekable();
    while let Some(piece) = pieces.next() {
        let Some(after) = pieces.peek() else {
            made.push_str(piece);
            break;
        };
        let before = piece.trim_end_matches(is_in_name);
        let name = &piece[before.len()..];
        // a name before the parenthesis calls a function
        let opened =
            before.strip_suffix('(').filter(|before| !before.ends_with(|last| is_in_name(last) || ")]".contains(last)));
        match opened {
            Some(opened) if !name.is_empty() && (precedes_comparison(after) || follows_comparison(opened)) => {
                made.push_str(opened);
                made.push_str(name);
            }
            _ => {
                made.push_str(piece);
                made.push_str(COERCED);
            }
        }
    }
    made
}

fn indexed_as_they_are(function: &str) -> String {
    const COERCED: &str = " | 0]";
    let pieces: Vec<&str> = function.split(COERCED).collect();
    let mut made = String::new();
    for (at, piece) in pieces.iter().enumerate() {
        made.push_str(piece);
        let (_, index) = piece.rsplit_once('[').unwrap_or_default();
        let (name, offset) = index.split_once(" + ").unwrap_or((index, "0"));
        let is_near = offset.len() < 5 && offset.bytes().all(|digit| digit.is_ascii_digit());
        if at + 1 < pieces.len() {
            made.push_str(if is_near && !name.is_empty() && name.chars().all(is_in_name) { "]" } else { COERCED });
        }
    }
    made
}

const COMPARISONS: [&str; 6] = [" == ", " != ", " < ", " <= ", " > ", " >= "];

fn precedes_comparison(text: &str) -> bool {
    COMPARISONS.iter().any(|operator| text.starts_with(operator))
}

fn follows_comparison(text: &str) -> bool {
    COMPARISONS.iter().any(|operator| text.ends_with(operator))
}

fn is_in_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || character == '$'
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

/// No text has a zero before a digit: the minifier of Next 15 writes such a text as a template with an octal escape, which is none.
fn without_octals(bytes: &[u8]) -> Vec<&[u8]> {
    let mut texts = vec![];
    let mut rest = bytes;
    while let Some(zero) = rest.windows(2).position(|pair| pair[0] == 0 && pair[1].is_ascii_digit()) {
        let (text, next) = rest.split_at(zero + 1);
        texts.push(text);
        rest = next;
    }
    texts.push(rest);
    texts
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
    fn what_is_not_used_is_not_declared() {
        let memory = "Object.create(Object.prototype, {\n   \"grow\": {\n    \"value\": __wasm_memory_grow\n   }, \n   \"buffer\": {\n    \
            \"get\": function () {\n     return buffer;\n    }\n    \n   }\n  })";
        let written = format!(
            " var HEAP8 = new Int8Array(a);\n var HEAPF32 = new Float32Array(a);\n var HEAPF64 = new Float64Array(a);\n \
             var Math_max = Math.max;\n var Math_min = Math.min;\n HEAPF64[1] = Math_min(1);\n HEAPF32 = new Float32Array(b);\n{memory};\n"
        );
        let made = " var HEAP8 = new Int8Array(a);\n var HEAPF64 = new Float64Array(a);\n var Math_min = Math.min;\n \
            HEAPF64[1] = Math_min(1);\n{ get buffer() { return buffer; } };\n";
        assert_eq!(without_unused(&written).expect("the known output is transformed"), made);
        assert!(without_unused(&written.replace("grow", "shrink")).is_err());
    }

    #[test]
    fn signed_variables_are_compared_as_they_are() {
        let function = "$1(a, b) {\n if ((a | 0) == (b | 0) & c >>> 0 < (a | 0) >>> 0) {\n  a = $2(b | 0) + (b | 0) >> (a | 0);\n }\n";
        let made = "$1(a, b) {\n if (a == b & c >>> 0 < a >>> 0) {\n  a = $2(b | 0) + (b | 0) >> (a | 0);\n }\n";
        assert_eq!(without_coercions(function), made);
        assert_eq!(
            without_coercions("c = (a | 0) <= -1 | HEAP32[b + 4 >> 2] != (a | 0)"),
            "c = a <= -1 | HEAP32[b + 4 >> 2] != a"
        );
    }

    #[test]
    fn an_index_near_an_address_is_as_it_is() {
        let function =
            "HEAPU8[a | 0] = HEAPU8[b + 8 | 0] + HEAPU8[a + b | 0] + HEAPU8[a + 65536 | 0] + c[a - 1 | 0] | 0";
        let made = "HEAPU8[a] = HEAPU8[b + 8] + HEAPU8[a + b | 0] + HEAPU8[a + 65536 | 0] + c[a - 1 | 0] | 0";
        assert_eq!(without_coercions(function), made);
    }

    #[test]
    fn a_function_with_an_unsigned_variable_stays_as_it_is() {
        for unsigned in ["a = b >>> 0;", "a = b >>> c;", "a = (b >>> 0) / 3 | 0;", "return (HEAP32[b >> 2] - c) >>> 0;"]
        {
            let function = format!("$1(a) {{ {unsigned} if ((a | 0) == 1) {{ }} }}");
            assert_eq!(without_coercions(&function), function);
        }
        for compared in [
            "b >>> 0 > c",
            "c <= b >>> 0",
            "c < HEAP32[b + (c | 0) >> 2] >>> 0",
            "c > ($1(a, b) + c) >>> 0",
            "b >>> 3 | c",
        ] {
            assert!(is_signed(compared), "{compared}");
        }
    }

    #[test]
    fn another_way_of_writing_fails_the_build() {
        assert!(factory(&WRITTEN.replace("import *", "import")).is_err());
        assert!(factory(&WRITTEN.replace("retasmFunc = asmFunc", "made = asmFunc")).is_err());
        assert!(factory(&WRITTEN.replace("export var memory", "export function memory")).is_err());
    }

    #[test]
    fn no_text_has_a_zero_before_a_digit() {
        assert_eq!(without_octals(b"a\x000\x009\x00b"), [&b"a\x00"[..], b"0\x00", b"9\x00b"]);
        assert_eq!(without_octals(b""), [b""]);
    }
}
