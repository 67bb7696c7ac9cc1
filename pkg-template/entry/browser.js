// @ts-check
// Pages and workers: the core is a chunk that is imported by the first call that needs it.
import { refresherMaker } from "../lib/refresher.js";
import { LazyDriver } from "../lib/lazy-driver.js";
import { engine } from "../lib/engine.js";

/** @import { Refresher, RefresherOptions } from "../index.js" */

export { RefreshError } from "../lib/error.js";

const create = /* @__PURE__ */ refresherMaker(
  /* @__PURE__ */ engine("wasm", async () => (await import("../lib/core-lazy.js")).core()),
  { Driver: LazyDriver },
);

/** @param {RefresherOptions} options @returns {Refresher} */
export function createRefresher(options) {
  // Service workers forbid import() (HTML, "HostLoadImportedModule"). Without this check, the error would come only at the first refresh.
  if ("ServiceWorkerGlobalScope" in globalThis)
    throw new TypeError(
      'In a service worker, import from "oauth-refresher/inline": import() is forbidden there',
    );
  return create(options);
}
