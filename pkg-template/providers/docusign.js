// @ts-check
import { preset } from "./preset.js";

/** @import { docusign as declared } from "./index.js" */

/** @type {typeof declared} */
export const docusign = (options) =>
  preset("docusign", options, "client_id client_secret", {
    token_endpoint: "https://account.docusign.com/oauth/token",
    clientAuth: "client_secret_basic",
    reuse: "never",
    keepAliveSeconds: 10 * 86_400, // 30 days
  });
