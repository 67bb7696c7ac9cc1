// @ts-check
import { preset } from "./preset.js";

/** @import { gitlab as declared } from "./index.js" */

/** @type {typeof declared} */
export const gitlab = (options) =>
  preset("gitlab", options, "client_id client_secret", {
    token_endpoint: "https://gitlab.com/oauth/token",
    clientAuth: "client_secret_post",
    reuse: "never", // "refresh invalidates the existing" pair
  });
