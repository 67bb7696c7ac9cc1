// @ts-check
import { preset } from "./preset.js";

/** @import { linkedin as declared } from "./index.js" */

/** @type {typeof declared} */
export const linkedin = (options) =>
  preset("linkedin", options, "client_id client_secret", {
    token_endpoint: "https://www.linkedin.com/oauth/v2/accessToken",
    clientAuth: "client_secret_post",
    reuse: "always", // the same one for 365 days
  });
