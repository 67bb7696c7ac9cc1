// @ts-check
import { preset } from "./preset.js";

/** @import { amazonLwa as declared } from "./index.js" */

/** @type {typeof declared} */
export const amazonLwa = (options) =>
  preset("amazonLwa", options, "client_id client_secret", {
    token_endpoint: "https://api.amazon.com/auth/o2/token",
    clientAuth: "client_secret_post",
    reuse: "never",
  });
