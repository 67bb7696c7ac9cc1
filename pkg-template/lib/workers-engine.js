// @ts-check
// Workers forbid to compile bytes; a .wasm file is imported there as the compiled module.
import module from "../core.wasm";
import glue from "./core-glue.js";
import { wasmEngine } from "./wasm-engine.js";

export const engine = /* @__PURE__ */ wasmEngine(glue, async () => module);
