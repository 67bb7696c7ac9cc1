// @ts-check
import { filled } from "./filled.js";
import { preset } from "./preset.js";

/** @import { zoho as declared } from "./index.js" */

/** @type {typeof declared} */
export const zoho = (options) =>
  preset("zoho", options, "client_id client_secret", {
    token_endpoint: filled(
      "zoho",
      { location: "com", ...options },
      "https://accounts.zoho.{location=com|eu|in|com.cn|jp|com.au}/oauth/v2/token",
    ),
    clientAuth: "client_secret_post", // in the form, because a URL must not contain the secret
    response: {
      errors: {
        invalid_code: "session_ended",
        "Access Denied": "unavailable",
        invalid_client_secret: "client_rejected",
      },
    },
    reuse: "always", // it does not rotate
  });
