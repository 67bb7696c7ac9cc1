// @ts-check
import { preset } from "./preset.js";

/** @import { pipedrive as declared } from "./index.js" */

/** @type {typeof declared} */
export const pipedrive = (options) =>
  preset("pipedrive", options, "client_id client_secret", {
    token_endpoint: "https://oauth.pipedrive.com/oauth/token",
    clientAuth: "client_secret_basic",
    reuse: "never",
    keepAliveSeconds: 20 * 86_400, // 60 days unused
  });
