// @ts-check
import { filled } from "./filled.js";
import { preset } from "./preset.js";

/** @import { zendesk as declared } from "./index.js" */

/** @type {typeof declared} */
export const zendesk = (options) =>
  preset("zendesk", options, "client_id client_secret", {
    token_endpoint: filled("zendesk", options, "https://{subdomain}.zendesk.com/oauth/tokens"),
    clientAuth: "client_secret_post",
    parameters: { expires_in: "1800" },
    reuse: "never",
  });
