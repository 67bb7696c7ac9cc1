// @ts-check
// For places where the core is a file of its own: the caller brings it, in whatever form it has.
import { slimRefresherMaker } from "../lib/slim.js";

export { RefreshError } from "../lib/error.js";
export const createRefresher = /* @__PURE__ */ slimRefresherMaker();
