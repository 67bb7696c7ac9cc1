// @ts-check
import { filled } from "./filled.js";
import { preset } from "./preset.js";

/** @import { okta as declared } from "./index.js" */

/** @type {typeof declared} */
export const okta = (options) =>
  preset("okta", options, "client_id", {
    token_endpoint: filled(
      "okta",
      { authorizationServer: "default", ...options },
      "https://{domain}/oauth2/{authorizationServer}/v1/token",
    ),
    clientAuth: "client_secret_basic",
    reuse: "never", // a grace period of 0 to 60 seconds is set per app
  });
