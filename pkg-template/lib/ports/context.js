// @ts-check
/** @typedef {<T>(work: () => T) => T} Run */

/**
 * Runs work in the async context in which this was called, never in a caller's: a refresh is for all callers. Leaves Angular's zone,
 * which stays busy while one of its timers is pending. `getBuiltinModule` (Node from 20.16, Deno, Bun) needs no import, which bundlers for
 * browsers would refuse.
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
    // AsyncResource.bind would cost 2 kB of heap: it defines a deprecated property on each function, with a hidden class.
    const resource = new (realm.process.getBuiltinModule("async_hooks").AsyncResource)("oauth-refresher");
    bound = (work) => resource.runInAsyncScope(run, undefined, work);
  } catch {} // Not available. In Next's edge runtime every function of `process` exists and throws.
  return bound;
}
