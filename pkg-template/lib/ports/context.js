// @ts-check
/** @typedef {<T>(work: () => T) => T} Run */

/**
 * Runs work in the async context in which this was called, and never in that of a caller: what a refresh begins is for all callers.
 * Out of Angular's zone, which is busy as long as one of its timers is pending. Node, Deno and Bun lend AsyncLocalStorage without an
 * import, which bundlers for browsers would refuse (Node from 20.16).
 * @returns {Run}
 */
export function context() {
  const realm = /** @type {any} */ (globalThis);
  let zone = realm.Zone?.current;
  for (let each = zone; each; each = each.parent) if (each.name == "angular") zone = each.parent;
  /** @type {Run} */
  const run = (work) => (zone ? zone.run(work) : work());
  let bound = run;
  try {
    // AsyncResource.bind would take 2 kB: it defines a deprecated property, with a hidden class, on each function that it makes
    const resource = new (realm.process.getBuiltinModule("async_hooks").AsyncResource)("oauth-refresher");
    bound = (work) => resource.runInAsyncScope(run, undefined, work);
  } catch {} // there is none; in Next's edge runtime each function of `process` is there and throws
  return bound;
}
