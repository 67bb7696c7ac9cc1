// @ts-check
// Where instances of the core come from: loaded at the first call, kept, and replaced after a trap.

/** @typedef {typeof import("./core-glue.js").default} Glue */
/** @typedef {typeof import("./wire.js").wire} Wire */
/** @typedef {InstanceType<Exports["Core"]>} Core */
/**
 * The core's exports, one instance of them, and what sends its requests.
 * @typedef {ReturnType<Glue> & { wire: Wire }} Exports
 */
/**
 * @typedef {object} Engine
 * @property {"wasm" | "js"} kind
 * @property {() => Exports | Promise<Exports>} load  The current instance, made at the first call.
 * @property {(exports: Exports | undefined) => void} discard  That instance trapped: the next load makes a fresh one. Other cores live on in the old one.
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
    // A load that failed is forgotten: the next call tries again.
    load: () => current ?? (loading ??= instantiate().finally(() => (loading = undefined))),
    discard: (exports) => {
      if (current === exports) current = undefined;
    },
  };
}
