// @ts-check
import { preset } from "./preset.js";

/** @import { box as declared } from "./index.js" */

/** @type {typeof declared} */
export const box = (options) =>
  preset("box", options, "client_id client_secret", {
    token_endpoint: "https://api.box.com/oauth2/token",
    clientAuth: "client_secret_post",
    reuse: "never", // 60 days or one use
    keepAliveSeconds: 20 * 86_400,
  });
