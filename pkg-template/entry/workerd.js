// @ts-check
// Cloudflare Workers: compiling bytes is forbidden there, and a .wasm file is imported as the compiled module.
import module from "../core.wasm";
import { followRedirects } from "../lib/redirects.js";
import { refresherMaker } from "../lib/refresher.js";
import { wasmEngine } from "../lib/engine.js";

export { RefreshError } from "../lib/error.js";
export const createRefresher = refresherMaker(
  wasmEngine(async () => module),
  followRedirects,
);
