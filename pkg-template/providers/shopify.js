// @ts-check
import { filled } from "./filled.js";
import { preset } from "./preset.js";

/** @import { shopify as declared } from "./index.js" */

/** @type {typeof declared} */
export const shopify = (options) =>
  preset("shopify", options, "client_id client_secret", {
    token_endpoint: filled("shopify", options, "https://{shop}.myshopify.com/admin/oauth/access_token"),
    clientAuth: "client_secret_post",
    reuse: "until-successor-used", // since 2026-08-28
    keepAliveSeconds: 30 * 86_400, // 90 days
  });
