// @ts-check
import { preset } from "./preset.js";

/** @import { asana as declared } from "./index.js" */

/** @type {typeof declared} */
export const asana = (options) =>
  preset("asana", options, "client_id client_secret", {
    token_endpoint: "https://app.asana.com/-/oauth_token",
    clientAuth: "client_secret_post",
    reuse: "never",
  });
