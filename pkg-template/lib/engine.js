// @ts-check
// Creates instances of the core: at the first call, and after a trap.

/** @typedef {typeof import("./core-glue.js").default} Glue */
/** @typedef {typeof import("./wire.js").wire} Wire */
/** @typedef {InstanceType<Exports["Core"]>} Core */
/**
 * One instance of the core's exports, and the wire that sends its requests.
 * @typedef {ReturnType<Glue> & { wire: Wire }} Exports
 */
/**
 * @typedef {object} Engine
 * @property {"wasm" | "js"} kind
 * @property {() => Exports | Promise<Exports>} load  The current instance, created at the first call.
 * @property {(exports: Exports | undefined) => void} discard  Called after a trap: the next load creates a new instance. Other cores keep the old one.
 */

/**
 * @param {Engine["kind"]} kind @param {() => Promise<[Glue, Wire, (imports: any) => any]>} loaded
 * @returns {Engine}
 */
export function engine(kind, loaded) {
  /** @type {Exports | undefined} */
  let current;
  /** @type {Promise<Exports> | undefined} */
  let loading;

  async function instantiate() {
    const [glue, wire, instantiate] = await loaded();
    const exports = { ...glue(), wire };
    exports.initSync(instantiate);
    return (current = exports);
  }

  return {
    kind,
    // A failed load is not cached: the next call tries again.
    load: () => current ?? (loading ??= instantiate().finally(() => (loading = undefined))),
    discard: (exports) => {
      if (current === exports) current = undefined;
    },
  };
}
