// @ts-check
import { preset } from "./preset.js";

/** @import { line as declared } from "./index.js" */

/** @type {typeof declared} */
export const line = (options) =>
  preset("line", options, "client_id client_secret", {
    token_endpoint: "https://api.line.me/oauth2/v2.1/token",
    clientAuth: "client_secret_post",
    reuse: "never",
    keepAliveSeconds: 30 * 86_400, // 90 days after the access token was issued
  });
