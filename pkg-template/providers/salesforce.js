// @ts-check
import { filled } from "./filled.js";
import { preset } from "./preset.js";

/** @import { salesforce as declared } from "./index.js" */

/** @type {typeof declared} */
export const salesforce = (options) =>
  preset("salesforce", options, "client_id", {
    token_endpoint: filled(
      "salesforce",
      { domain: "login", ...options },
      "https://{domain}.salesforce.com/services/oauth2/token",
    ),
    clientAuth: "client_secret_post",
    response: {
      // an invalid_grant while another refresh runs
      errorWhen: [{ path: "error_description", includes: "already being processed", means: "unavailable" }],
    },
    reuse: "never", // with rotation, which is set per app, each works once
  });
