// @ts-check
// Workers forbid compiling bytes. There, importing a .wasm file gives the compiled module.
import module from "../core.wasm";
import glue from "./core-glue.js";
import { wasmEngine } from "./wasm-engine.js";

export const engine = /* @__PURE__ */ wasmEngine(glue, async () => module);
