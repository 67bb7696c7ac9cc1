// @ts-check
import { preset } from "./preset.js";

/** @import { xero as declared } from "./index.js" */

/** @type {typeof declared} */
export const xero = (options) =>
  preset("xero", options, "client_id", {
    token_endpoint: "https://identity.xero.com/connect/token",
    clientAuth: "client_secret_basic",
    reuse: { graceSeconds: 1800 }, // "30 minutes", for a client that did not get the reply
    keepAliveSeconds: 20 * 86_400, // 60 days unused
  });
