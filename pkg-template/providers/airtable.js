// @ts-check
import { preset } from "./preset.js";

/** @import { airtable as declared } from "./index.js" */

/** @type {typeof declared} */
export const airtable = (options) =>
  preset("airtable", options, "client_id", {
    token_endpoint: "https://airtable.com/oauth2/v1/token",
    clientAuth: "client_secret_basic",
    reuse: "never",
    keepAliveSeconds: 20 * 86_400, // 60 days
  });
