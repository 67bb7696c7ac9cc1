// @ts-check
import { preset } from "./preset.js";

/** @import { quickbooks as declared } from "./index.js" */

/** @type {typeof declared} */
export const quickbooks = (options) =>
  preset("quickbooks", options, "client_id client_secret", {
    token_endpoint: "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
    clientAuth: "client_secret_basic",
    reuse: "never", // it changes about once a day; how long the old one works is not documented
    keepAliveSeconds: 30 * 86_400, // 100 days, sliding
  });
