// @ts-check
import glue from "./core-glue.js";

/**
 * The core's exports, one instance of them.
 * @typedef {ReturnType<typeof glue>} Exports
 */
/**
 * Where cores come from.
 * @typedef {object} Engine
 * @property {"wasm" | "js"} kind
 * @property {() => Exports | Promise<Exports>} load  The instance that is in use, made at the first call.
 * @property {(exports: Exports) => void} discard  That instance trapped: the next load makes a fresh one. Others' cores live on in it.
 */

/** @param {() => Promise<WebAssembly.Module>} compile */
export const wasmEngine = (compile) =>
  engine("wasm", glue, async () => {
    const module = await compile();
    return (imports) => new WebAssembly.Instance(module, imports).exports;
  });

/**
 * @param {Engine["kind"]} kind @param {typeof glue} glue @param {() => Promise<(imports: any) => any>} loaded
 * @returns {Engine}
 */
export function engine(kind, glue, loaded) {
  /** @type {Exports | undefined} */
  let current;
  /** @type {Promise<Exports> | undefined} */
  let loading;

  async function instantiate() {
    const exports = glue();
    exports.initSync(await loaded());
    return (current = exports);
  }

  return {
    kind,
    // A load that failed is forgotten: the next call tries again.
    load: () => current ?? (loading ??= instantiate().finally(() => (loading = undefined))),
    discard: (exports) => {
      if (current === exports) current = undefined;
    },
  };
}

/**
 * Why the core did not load. Each browser has words of its own for a Content-Security-Policy, workerd and edge runtimes for a ban.
 * @param {any} error
 */
export function whyNotLoaded(error) {
  const said = `${error?.message ?? error}`;
  const blocked = /CSP|-eval'/.test(said) ? "CSP without 'wasm-unsafe-eval'" : said;
  return /CSP|embedder|Edge|WebAssembly('|$| is)/.test(blocked)
    ? `${blocked}: import oauth-refresher/js`
    : said;
}
