// @ts-check
// One file with the core. For service workers, `iife` and other single-file outputs, and tools that read no conditions.
import { refresherMaker } from "../lib/refresher.js";
import glue from "../lib/core-glue.js";
import { compile } from "../lib/compile.js";
import { wasmEngine } from "../lib/wasm-engine.js";
import bytes from "../lib/core-bytes.js";

export { RefreshError } from "../lib/error.js";
export const createRefresher = /* @__PURE__ */ refresherMaker(
  /* @__PURE__ */ wasmEngine(glue, () => compile(bytes())),
);
