// @ts-check
import { required } from "./required.js";

/** @import { atproto as declared } from "./index.js" */

/** @type {typeof declared} */
export function atproto(options) {
  const { issuer, client_id, dpop } = options ?? {};
  required("atproto", { issuer, client_id });
  if (!dpop) throw new TypeError("atproto: dpop is missing: write dpop() of oauth-refresher/dpop");
  return { issuer, client_id, dpop, reuse: "never" }; // a replay ends the session
}
