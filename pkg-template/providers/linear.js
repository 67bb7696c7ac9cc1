// @ts-check
import { preset } from "./preset.js";

/** @import { linear as declared } from "./index.js" */

/** @type {typeof declared} */
export const linear = (options) =>
  preset("linear", options, "client_id client_secret", {
    token_endpoint: "https://api.linear.app/oauth/token",
    clientAuth: "client_secret_post",
    reuse: "never",
  });
