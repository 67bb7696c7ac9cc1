// @ts-check
import { UNSAFE } from "./messages.js";
import { followRedirects } from "./redirects.js";

/** @import { Platform } from "./platform.js" */

let warned = false;

/** What is particular about Cloudflare Workers. @type {Platform} */
export const platform = {
  sender: followRedirects,

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
