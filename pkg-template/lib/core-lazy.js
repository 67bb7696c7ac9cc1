// @ts-check
// The core and its glue as one chunk: a bundler that splits code makes one file of this module and its imports. It imports nothing that
// the entry also imports, because esbuild would make a third file of that.
import bytes from "./core-bytes.js";
import glue from "./core-glue.js";
import { compile } from "./compile.js";
import { wire } from "./wire.js";

/** @import { Glue, Wire } from "./engine.js" */

/** @returns {Promise<[Glue, Wire, (imports: any) => any]>} */
export async function core() {
  const module = await compile(bytes());
  return [glue, wire, (imports) => new WebAssembly.Instance(module, imports).exports];
}
