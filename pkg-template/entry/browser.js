// @ts-check
// Pages and workers: the core is a chunk that is imported by the first call that needs it.
import { engine } from "../lib/engine.js";
import { refresherMaker } from "../lib/refresher.js";
import { inTime, LazyDriver } from "../lib/lazy-driver.js";

/** @import { Refresher, RefresherOptions } from "../index.js" */

export { RefreshError } from "../lib/error.js";

/** A connection that hangs, neither open nor refused, ends no `import()`. */
const CHUNK_LIMIT_MS = 30_000;

const create = /* @__PURE__ */ refresherMaker(
  /* @__PURE__ */ engine("wasm", async () =>
    (await inTime(import("../lib/core-lazy.js"), CHUNK_LIMIT_MS, "no chunk in 30 s")).core(),
  ),
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
