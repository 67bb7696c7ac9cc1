// @ts-check
import { UNSAFE } from "./messages.js";
import { followRedirects } from "./redirects.js";

/** @import { Platform } from "./platform.js" */
/** @import { Run } from "./ports/context.js" */

let warned = false;

/** Of the flag nodejs_compat; the flag nodejs_als alone lends it to static imports only. */
const { AsyncResource } =
  /** @type {any} */ (globalThis).process?.getBuiltinModule?.("node:async_hooks") ?? {};
/** Runs work in the context of this module, which no request is in. @type {Run} */
const outside = AsyncResource?.bind((/** @type {() => any} */ work) => work());

/**
 * The async context of now, as long as it may be entered: workerd refuses that of a request to others. Then in none, and never in that
 * of a caller.
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

/** What is particular about Cloudflare Workers. @type {Platform} */
export const platform = {
  sender: followRedirects,
  context,

  /** That of the request which is being answered; a runtime from before August 2025 has none to import. */
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
