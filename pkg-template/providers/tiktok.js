// @ts-check
import { preset } from "./preset.js";

/** @import { tiktok as declared } from "./index.js" */

/** @type {typeof declared} */
export const tiktok = (options) =>
  preset("tiktok", options, "client_id client_secret", {
    token_endpoint: "https://open.tiktokapis.com/v2/oauth/token/",
    clientAuth: "client_secret_post",
    request: { names: { client_id: "client_key" } },
    response: { scopeSeparator: "," },
    reuse: "never",
    keepAliveSeconds: 30 * 86_400, // 180 days
  });
