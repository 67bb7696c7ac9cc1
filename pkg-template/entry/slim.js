// @ts-check
// For places where the core is a file of its own: the caller brings it, in whatever form it has.
import { isWorkerd } from "../lib/ports/wake.js";
import { refresherMaker } from "../lib/refresher.js";
import { platform } from "../lib/workers.js";
import { wasmEngine } from "../lib/engine.js";

/** @import { Refresher } from "../index.js" */
/** @import { SlimOptions, Core } from "../slim.js" */
/** @import { Engine } from "../lib/engine.js" */

export { RefreshError } from "../lib/error.js";

/** One engine for each core that is brought. @type {WeakMap<object, Engine>} */
const engines = new WeakMap();

/** @param {SlimOptions} options @returns {Refresher} */
export function createRefresher(options) {
  const { core, ...others } = options ?? {};
  if (!core || typeof core != "object")
    throw new TypeError(
      "core is missing: write a WebAssembly.Module, its bytes, a Response or the URL of core.wasm",
    );
  let engine = engines.get(core);
  if (!engine) engines.set(core, (engine = wasmEngine(async () => compile(await core))));
  return refresherMaker(engine, isWorkerd() ? platform : undefined)(others);
}

/** @param {Core} core @returns {Promise<WebAssembly.Module>} */
async function compile(core) {
  if (core instanceof URL) core = await open(core);
  // Read as bytes: a server that labels .wasm wrongly stops the streaming way.
  if (typeof Response == "function" && core instanceof Response) core = await core.clone().arrayBuffer();
  const bytes = core instanceof ArrayBuffer || ArrayBuffer.isView(core);
  return bytes
    ? WebAssembly.compile(/** @type {BufferSource} */ (core))
    : /** @type {WebAssembly.Module} */ (core);
}

/** Node's fetch knows no files, and an import of `node:fs` would be in the way of bundlers for the web. @param {URL} url */
function open(url) {
  const isFile = url.protocol == "file:";
  const { readFile } = (isFile && globalThis.process?.getBuiltinModule?.("node:fs/promises")) || {};
  return readFile ? readFile(url) : fetch(url);
}
