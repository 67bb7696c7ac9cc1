// @ts-check
import { filled } from "./filled.js";
import { preset } from "./preset.js";

/** @import { microsoftEntra as declared } from "./index.js" */

/** @type {typeof declared} */
export const microsoftEntra = (options) =>
  preset("microsoftEntra", options, "client_id", {
    token_endpoint: filled(
      "microsoftEntra",
      options,
      "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
    ),
    clientAuth: "client_secret_post",
    reuse: "always", // a new one each time, and the old one is not revoked
    keepAliveSeconds: 30 * 86_400, // 90 days
  });
