// @ts-check
import { compile } from "./compile.js";
import glue from "./core-glue.js";
import { wasmEngine } from "./wasm-engine.js";
import { refresherMaker } from "./refresher.js";

/** @import { Refresher } from "../index.js" */
/** @import { SlimOptions, Core } from "../slim.js" */
/** @import { Engine } from "./engine.js" */
/** @import { Platform } from "./platform.js" */

/** One engine per `core` option. @type {WeakMap<object, Engine>} */
const engines = new WeakMap();

/** `createRefresher` with the option `core`. @param {Platform} [platform] */
export const slimRefresherMaker =
  (platform) =>
  /** @param {SlimOptions} options @returns {Refresher} */
  (options) => {
    const { core, ...others } = options ?? {};
    if (!core || typeof core != "object")
      throw new TypeError(
        "core is missing: write a WebAssembly.Module, its bytes, a Response or the URL of core.wasm",
      );
    let engine = engines.get(core);
    if (!engine) engines.set(core, (engine = wasmEngine(glue, async () => moduleOf(await core))));
    return refresherMaker(engine, platform)(others);
  };

/** @param {Core} core @returns {Promise<WebAssembly.Module>} */
async function moduleOf(core) {
  if (core instanceof URL) core = await open(core);
  if (typeof Response == "function" && core instanceof Response) core = await read(core);
  const bytes = core instanceof ArrayBuffer || ArrayBuffer.isView(core);
  return bytes ? compile(/** @type {BufferSource} */ (core)) : /** @type {WebAssembly.Module} */ (core);
}

/** Node's fetch reads no file: URLs, and bundlers for the web refuse an import of `node:fs`. @param {URL} url */
async function open(url) {
  const isFile = url.protocol == "file:";
  try {
    const { readFile } = (isFile && globalThis.process?.getBuiltinModule?.("node:fs/promises")) || {};
    return await (readFile ? readFile(url) : fetch(url));
  } catch (/** @type {any} */ cause) {
    const what = isFile ? "the file of the core" : url;
    throw new Error(`${what} cannot be read: ${cause?.message}`, { cause });
  }
}

/** Reads bytes, because streaming compilation fails if a server sends a wrong media type for .wasm. @param {Response} response */
function read(response) {
  // A 404 page would otherwise be reported as invalid WebAssembly.
  if (!response.ok) throw new Error(`HTTP status ${response.status} for the URL of the core`);
  return response.clone().arrayBuffer();
}
