// @ts-check
import { preset } from "./preset.js";

/** @import { strava as declared } from "./index.js" */

/** @type {typeof declared} */
export const strava = (options) =>
  preset("strava", options, "client_id client_secret", {
    token_endpoint: "https://www.strava.com/api/v3/oauth/token",
    clientAuth: "client_secret_post",
    response: {
      error: "errors.0.resource",
      error_description: "message",
      errors: { RefreshToken: "session_ended", Application: "client_rejected" },
    },
    reuse: "never",
  });
