// @ts-check
// Node, Deno and Bun: the core is in base64, which is fast to decode; size does not matter here. The other entries' text takes 20 ms of CPU.
import text from "../lib/core-base64.js";
import { refresherMaker } from "../lib/refresher.js";
import { LazyDriver } from "../lib/lazy-driver.js";
import { wasmEngine } from "../lib/wasm-engine.js";
import { compile } from "../lib/compile.js";
import glue from "../lib/core-glue.js";

export { RefreshError } from "../lib/error.js";
export const createRefresher = /* @__PURE__ */ refresherMaker(
  /* @__PURE__ */ wasmEngine(glue, () => compile(bytes())),
  // a process with a fresh token ends before there is a core: a function of a server often does
  { Driver: LazyDriver },
);

/** Also without Buffer, because a tool may choose the condition `node` for another runtime. @returns {Uint8Array<ArrayBuffer>} */
function bytes() {
  const { Buffer } = globalThis;
  return Buffer
    ? /** @type {any} */ (Buffer.from(text, "base64"))
    : Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
