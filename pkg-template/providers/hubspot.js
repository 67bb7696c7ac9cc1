// @ts-check
import { preset } from "./preset.js";

/** @import { hubspot as declared } from "./index.js" */

/** @type {typeof declared} */
export const hubspot = (options) =>
  preset("hubspot", options, "client_id client_secret", {
    token_endpoint: "https://api.hubapi.com/oauth/v1/token",
    clientAuth: "client_secret_post",
    response: {
      error: "status",
      error_description: "message",
      errors: { BAD_REFRESH_TOKEN: "session_ended" },
    },
    reuse: "never", // no document that was read says that it stays the same
  });
