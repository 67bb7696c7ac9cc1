// @ts-check
import { preset } from "./preset.js";

/** @import { paypal as declared } from "./index.js" */

/** @type {typeof declared} */
export const paypal = (options) =>
  preset("paypal", options, "client_id client_secret", {
    token_endpoint: "https://api.paypal.com/v1/oauth2/token",
    clientAuth: "client_secret_basic",
    reuse: "never",
  });
