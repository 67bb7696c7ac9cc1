// @ts-check
// The core and its glue as one chunk: a bundler that splits code makes one file of this module and its imports. It imports nothing that
// the entry also imports, because esbuild would make a third file of that.
import bytes from "./core-bytes.js";
import glue from "./core-glue.js";

/** @import { Glue } from "./engine.js" */

/** @returns {Promise<[Glue, (imports: any) => any]>} */
export async function core() {
  const module = await WebAssembly.compile(bytes());
  return [glue, (imports) => new WebAssembly.Instance(module, imports).exports];
}
