// @ts-check
import { wire } from "./wire.js";
import { engine } from "./engine.js";

/** @import { Glue } from "./engine.js" */

/** The WebAssembly engine, in one file with its wire. @param {Glue} glue @param {() => Promise<WebAssembly.Module>} compile */
export const wasmEngine = (glue, compile) =>
  engine("wasm", async () => {
    const module = await compile();
    return [glue, wire, (imports) => new WebAssembly.Instance(module, imports).exports];
  });
