// @ts-check
import { filled } from "./filled.js";
import { preset } from "./preset.js";

/** @import { auth0 as declared } from "./index.js" */

/** @type {typeof declared} */
export const auth0 = (options) =>
  preset("auth0", options, "client_id", {
    token_endpoint: filled("auth0", options, "https://{tenant}.auth0.com/oauth/token"),
    clientAuth: "client_secret_post",
    response: { errors: { mfa_required: "session_ended" } },
    reuse: "never", // the leeway is set per application
  });
