// @ts-check
// The core as JavaScript: for pages whose Content-Security-Policy has no 'wasm-unsafe-eval', and for engines without WebAssembly.
import { refresherMaker } from "../lib/refresher.js";
import { engine } from "../lib/js-engine.js";

export { RefreshError } from "../lib/error.js";
export const createRefresher = /* @__PURE__ */ refresherMaker(engine);
