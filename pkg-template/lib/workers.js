// @ts-check
import { UNSAFE } from "./messages.js";
import { followRedirects } from "./redirects.js";

/** @import { Platform } from "./platform.js" */
/** @import { Run } from "./ports/context.js" */

let warned = false;

/** Needs the flag nodejs_compat: with nodejs_als, only a static import could get it. */
const { AsyncResource } =
  /** @type {any} */ (globalThis).process?.getBuiltinModule?.("node:async_hooks") ?? {};
/** Runs work in the async context of this module, outside all requests. @type {Run} */
const outside = AsyncResource?.bind((/** @type {() => any} */ work) => work());

/**
 * Runs work in the current async context. workerd does not let other requests enter a request's context: then work runs outside all
 * requests, and never in a caller's context.
 * @returns {Run}
 */
function context() {
  if (!outside) return (work) => work();
  const inside = AsyncResource.bind((/** @type {() => any} */ work) => work());
  return (work) => {
    try {
      inside(() => {});
    } catch {
      return outside(work);
    }
    return inside(work);
  };
}

/** The specifics of Cloudflare Workers. @type {Platform} */
export const platform = {
  sender: followRedirects,
  context,

  /** Of the current request. Runtimes before August 2025 have no such import. */
  waitUntil: (work) =>
    void import("cloudflare:workers").then(
      (workers) => workers.waitUntil?.(work),
      () => {},
    ),

  given({ storage }) {
    if (warned || !storage || storage.lock || storage.conditionalSave) return;
    warned = true;
    console.warn(`oauth-refresher: ${UNSAFE}`);
  },

  unsafe: UNSAFE,
};
