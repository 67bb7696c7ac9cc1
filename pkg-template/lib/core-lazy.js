// @ts-check
// The core and its glue as one chunk: a bundler with code splitting puts this module and its imports into one file. It must not import a
// module that the entry also imports: esbuild would put that into a third file.
import bytes from "./core-bytes.js";
import glue from "./core-glue.js";
import { compile } from "./compile.js";
import { wire as inAnyPlace } from "./wire.js";

/** @import { Glue, Wire } from "./engine.js" */

let warned = false;

/** Warns of a client_secret: a page's client is public (RFC 6749 §2.1). Done here because only pages load this chunk. @type {Wire} */
const wire = (options, ...others) => {
  if (options.client_secret && globalThis.document && !warned) {
    warned = true;
    console.warn(
      "oauth-refresher: every visitor can read the client_secret of this page: register a public client, or refresh on a server",
    );
  }
  return inAnyPlace(options, ...others);
};

/** @returns {Promise<[Glue, Wire, (imports: any) => any]>} */
export async function core() {
  const module = await compile(bytes());
  return [glue, wire, (imports) => new WebAssembly.Instance(module, imports).exports];
}
