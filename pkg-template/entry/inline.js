// @ts-check
// Everywhere but on Workers: the core is in the code, so that no bundler, server or CSP rule has to know of a .wasm file.
import bytes from "../lib/core-bytes.js";
import { refresherMaker } from "../lib/refresher.js";
import { wasmEngine } from "../lib/engine.js";

export { RefreshError } from "../lib/error.js";
export const createRefresher = refresherMaker(wasmEngine(async () => WebAssembly.compile(bytes())));
