// @ts-check
// The core is a separate file, which the caller passes.
import { slimRefresherMaker } from "../lib/slim.js";

export { RefreshError } from "../lib/error.js";
export const createRefresher = /* @__PURE__ */ slimRefresherMaker();
