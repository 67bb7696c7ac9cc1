// @ts-check
import { preset } from "./preset.js";

/** @import { fitbit as declared } from "./index.js" */

/** @type {typeof declared} */
export const fitbit = (options) =>
  preset("fitbit", options, "client_id", {
    token_endpoint: "https://api.fitbit.com/oauth2/token",
    clientAuth: "client_secret_basic",
    response: { error: "errors.0.errorType", error_description: "errors.0.message" },
    reuse: "never", // "can only be used once"
  });
