// @ts-check
import { preset } from "./preset.js";

/** @import { figma as declared } from "./index.js" */

/** @type {typeof declared} */
export const figma = (options) =>
  preset("figma", options, "client_id client_secret", {
    token_endpoint: "https://api.figma.com/v1/oauth/refresh",
    clientAuth: "client_secret_basic",
    request: { names: { grant_type: null } },
    reuse: "always", // no reply contains another
  });
