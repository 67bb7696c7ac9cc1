// @ts-check
// Without WebAssembly: for pages whose Content-Security-Policy has no 'wasm-unsafe-eval', and for engines that have none.
import instantiate from "../lib/core-js.js";
import glue from "../lib/core-js-glue.js";
import { engine } from "../lib/engine.js";
import { isWorkerd } from "../lib/ports/wake.js";
import { refresherMaker } from "../lib/refresher.js";
import { platform } from "../lib/workers.js";

/** @import { Refresher, RefresherOptions } from "../index.js" */

export { RefreshError } from "../lib/error.js";

const js = engine("js", glue, async () => instantiate);

/** @param {RefresherOptions} options @returns {Refresher} */
export const createRefresher = (options) => refresherMaker(js, isWorkerd() ? platform : undefined)(options);
