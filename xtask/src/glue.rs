//! Turns wasm-bindgen's glue into an ES module that exports a factory, so that a new instance can be made after a trap while
//! older ones stay alive. Each replacement must match exactly once: another version of wasm-bindgen fails the build instead of
//! shipping unreviewed code. Functions that the package never calls are removed.

use anyhow::{bail, Result};

/// The wrapper of wasm-bindgen's target `no-modules`.
const OPENING: &str = "\
let wasm_bindgen = (function(exports) {
    let script_src;
    if (typeof document !== 'undefined' && document.currentScript !== null) {
        script_src = new URL(document.currentScript.src, location.href).toString();
    }
";
const FACTORY: &str = "export default function core() {\n";

/// Every supported platform has `encodeInto`, so its polyfill is removed.
const ENCODE_INTO: &str = "
    if (!('encodeInto' in cachedTextEncoder)) {
        cachedTextEncoder.encodeInto = function (arg, view) {
            const buf = cachedTextEncoder.encode(arg);
            view.set(buf);
            return {
                read: arg.length,
                written: buf.length
            };
        };
    }
";
/// The driver calls `free` itself.
const DISPOSE: &str = "    if (Symbol.dispose) Core.prototype[Symbol.dispose] = Core.prototype.free;\n";
/// The branch without reallocation is never taken: the allocator has one.
const WITHOUT_REALLOC: &str = "\
        if (realloc === undefined) {
            const buf = cachedTextEncoder.encode(arg);
            const ptr = malloc(buf.length, 1) >>> 0;
            getUint8ArrayMemory0().subarray(ptr, ptr + buf.length).set(buf);
            WASM_VECTOR_LEN = buf.length;
            return ptr;
        }

";

/// A text of many characters is encoded by the platform, ten times as fast as character by character.
const BY_CHARACTER: &str = "
        for (; offset < len; offset++) {
            const code = arg.charCodeAt(offset);
            if (code > 0x7F) break;
            mem[ptr + offset] = code;
        }
        if (offset !== len) {
            if (offset !== 0) {
                arg = arg.slice(offset);
            }
";
const BY_PLATFORM: &str = "
        let read = 0;
        if (len > 99) ({ read, written: offset } = cachedTextEncoder.encodeInto(arg, mem.subarray(ptr, ptr + len)));
        else for (; offset < len; read = ++offset) {
            const code = arg.charCodeAt(offset);
            if (code > 0x7F) break;
            mem[ptr + offset] = code;
        }
        if (read !== len) {
            arg = arg.slice(read);
";

/// What frees a first text when there is no memory for the second. That is a trap, and the instance is discarded as a whole.
const FREED: &str = "                } catch (e) {
                    if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
                    if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
                    throw e;
                }
";
const TRIED: &str = "                let ptr0, len0, ptr1, len1;
                try {
";

/// A view made at each use is never stale, and shorter. (In the JavaScript core memory grows by moving to a new buffer, and the old one is
/// not detached.) The words are read where a function has one result only.
const KEPT_BYTES: &str = "    let cachedUint8ArrayMemory0 = null;
    function getUint8ArrayMemory0() {
        if (cachedUint8ArrayMemory0 === null || cachedUint8ArrayMemory0.byteLength === 0) {
            cachedUint8ArrayMemory0 = new Uint8Array(wasm.memory.buffer);
        }
        return cachedUint8ArrayMemory0;
    }
";
const BYTES: &str = "    const getUint8ArrayMemory0 = () => new Uint8Array(wasm.memory.buffer);
";
const KEPT_WORDS: &str = "    let cachedDataViewMemory0 = null;
    function getDataViewMemory0() {
        if (cachedDataViewMemory0 === null || cachedDataViewMemory0.buffer.detached === true || (cachedDataViewMemory0.buffer.detached === undefined && cachedDataViewMemory0.buffer !== wasm.memory.buffer)) {
            cachedDataViewMemory0 = new DataView(wasm.memory.buffer);
        }
        return cachedDataViewMemory0;
    }
";
const WORDS: &str = "    const getDataViewMemory0 = () => new DataView(wasm.memory.buffer);
";

/// Each text goes to the one memory, by its one allocator.
const ALLOCATORS: &str = ", wasm.__wbindgen_malloc, wasm.__wbindgen_realloc)";
const TAKEN: [(&str, &str); 2] = [
    ("passStringToWasm0(arg, malloc, realloc)", "passStringToWasm0(arg)"),
    ("let ptr = malloc(len, 1)", "let ptr = wasm.__wbindgen_malloc(len, 1)"),
];
const GROWN: &str = " = realloc(";

/// A decoder that has decoded nothing needs no flush.
const FLUSHED: &str = "    cachedTextDecoder.decode();
    function decodeText(bytes) {
        return cachedTextDecoder.decode(bytes);
    }
";
const DECODED: &str = "return decodeText(";

/// A finaliser that frees a forgotten Core throws after a trap, and an exception in a finaliser ends a Node process.
const FINALISER: &str = "ptr => wasm.__wbg_core_free(ptr, 1)";
const CAREFUL_FINALISER: &str = "ptr => { try { wasm.__wbg_core_free(ptr, 1); } catch {} }";

/// The start of the code that loads the module by fetch, streaming or script tag. The package's entries pass a compiled module.
const LOADING: &str = "    let wasmModule, wasmInstance, wasm;\n";
const LOADING_TO_THE_END: &str = include_str!("glue/loading.js");
const START: &str = "        wasm.__wbindgen_start();\n";

pub fn factory(bindgen: &str, version: &str) -> Result<String> {
    let mut glue = replaced(bindgen, OPENING, FACTORY)?;
    if !glue.starts_with(FACTORY) {
        bail!("wasm-bindgen's glue no longer begins with its wrapper: compare it with xtask/src/glue.rs");
    }
    for unused in [ENCODE_INTO, WITHOUT_REALLOC, DISPOSE] {
        glue = replaced(&glue, unused, "")?;
    }
    glue = replaced(&glue, BY_CHARACTER, BY_PLATFORM)?;
    glue = replaced(&glue, FINALISER, CAREFUL_FINALISER)?;
    glue = replaced(&glue, KEPT_BYTES, BYTES)?.replace(KEPT_WORDS, WORDS);
    for (given, taken) in TAKEN {
        glue = replaced(&glue, given, taken)?;
    }
    glue = glue.replace(ALLOCATORS, ")").replace(GROWN, " = wasm.__wbindgen_realloc(");
    glue = replaced(&replaced(&glue, FLUSHED, "")?, DECODED, "return cachedTextDecoder.decode(")?;
    if glue.matches(FREED).count() != glue.matches(TRIED).count() {
        bail!("wasm-bindgen's glue frees texts in another way: compare it with xtask/src/glue.rs");
    }
    let glue = glue.replace(FREED, "").replace(TRIED, "                let ptr0, len0, ptr1, len1;\n");
    let Some((body, loading)) = glue.split_once(LOADING) else {
        bail!("wasm-bindgen's glue has no line {:?}: compare it with xtask/src/glue.rs", LOADING.trim());
    };
    if body.contains("Memory0 = null") {
        bail!("wasm-bindgen's glue keeps views in another way: compare it with xtask/src/glue.rs");
    }
    let (body, names) = without_exports(body);
    if names.is_empty() || body.lines().any(|line| line.trim_start().starts_with("exports")) {
        bail!("wasm-bindgen's glue has no line `exports.Name = Name;`");
    }
    let needs_start = loading.contains(START);
    let loading: String = [LOADING]
        .into_iter()
        .chain(loading.split_inclusive('\n').filter(|line| *line != START && !forgets_a_memory_view(line)))
        .collect();
    if loading != LOADING_TO_THE_END {
        bail!("wasm-bindgen's loading code differs from xtask/src/glue/loading.js; compare them:\n{loading}");
    }
    Ok(format!(
        "// @ts-nocheck
// Generated by wasm-bindgen {version} from src/npm.rs. Each call of core() is an instance of its own.
{body}    let wasm;
    /** @param {{(imports: any) => any}} instantiate */
    function initSync(instantiate) {{
        wasm = instantiate(__wbg_get_imports());
{start}        return wasm;
    }}
    return {{ {names}, initSync }};
}}
",
        names = names.join(", "),
        start = if needs_start { START } else { "" },
    ))
}

/// `exports.Core = Core;` becomes a member of the object that the factory returns, which TypeScript understands.
fn without_exports(body: &str) -> (String, Vec<&str>) {
    let names = body.split_inclusive('\n').filter_map(exported).collect();
    let rest = body.split_inclusive('\n').filter(|line| exported(line).is_none()).collect();
    (rest, names)
}

fn exported(line: &str) -> Option<&str> {
    let (name, value) = line.strip_prefix("    exports.")?.strip_suffix(";\n")?.split_once(" = ")?;
    (name == value).then_some(name)
}

/// `cachedUint8ArrayMemory0 = null;` is for a second instance in the same scope, which a factory never has.
fn forgets_a_memory_view(line: &str) -> bool {
    line.strip_prefix("        cached")
        .and_then(|rest| rest.strip_suffix("Memory0 = null;\n"))
        .is_some_and(|kind| kind.chars().all(char::is_alphanumeric))
}

fn replaced(text: &str, from: &str, to: &str) -> Result<String> {
    match text.matches(from).count() {
        1 => Ok(text.replacen(from, to, 1)),
        count => bail!(
            "wasm-bindgen's glue has this text {count} times instead of once; compare it with xtask/src/glue.rs:\n{from}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bindgen_output() -> String {
        let loading = LOADING_TO_THE_END.replace(
            "        wasmModule = module;\n",
            "        wasmModule = module;\n        cachedUint8ArrayMemory0 = null;\n",
        );
        format!("{OPENING}\n    class Core {{}}\n{DISPOSE}    exports.Core = Core;\n    {FINALISER}\n{KEPT_BYTES}{}\n{WITHOUT_REALLOC}{}{BY_CHARACTER}{FLUSHED}{DECODED}bytes);{ENCODE_INTO}\n{loading}", TAKEN[0].0, TAKEN[1].0)
    }

    #[test]
    fn bindgens_output_becomes_a_factory_without_its_loaders() {
        let glue = factory(&bindgen_output(), "1.2.3").expect("the known output is transformed");
        assert!(glue.starts_with("// @ts-nocheck\n// Generated by wasm-bindgen 1.2.3"));
        assert!(glue.contains("export default function core() {\n"));
        assert!(glue.ends_with("    return { Core, initSync };\n}\n") && !glue.contains("exports."));
        for gone in
            ["fetch", "script_src", "instantiateStreaming", "async", "'encodeInto' in", "console", "__wbindgen_start"]
        {
            assert!(!glue.contains(gone), "{gone} is still there");
        }
    }

    #[test]
    fn a_module_that_wants_to_be_started_is_started() {
        let output = bindgen_output().replace(
            "        return wasm;\n    }\n\n    async",
            &format!("{START}        return wasm;\n    }}\n\n    async"),
        );
        let glue = factory(&output, "1").expect("a start call is known output");
        assert_eq!(glue.matches(START).count(), 1);
    }

    #[test]
    fn a_finaliser_after_a_trap_does_not_throw() {
        let glue = factory(&bindgen_output(), "1").expect("the known output is transformed");
        assert!(glue.contains(CAREFUL_FINALISER) && !glue.contains(FINALISER));
    }

    #[test]
    fn a_changed_loader_fails_the_build() {
        let output = bindgen_output().replace("instantiateStreaming === 'function'", "instantiateStreaming");
        assert!(factory(&output, "1").is_err());
    }

    #[test]
    fn a_missing_or_doubled_piece_fails_the_build() {
        assert!(factory(&bindgen_output().replace(ENCODE_INTO, ""), "1").is_err());
        assert!(factory(&bindgen_output().replace(ENCODE_INTO, &ENCODE_INTO.repeat(2)), "1").is_err());
        assert!(factory(&format!("\n{}", bindgen_output()), "1").is_err());
    }
}
