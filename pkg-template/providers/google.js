// @ts-check
import { preset } from "./preset.js";

/** @import { google as declared } from "./index.js" */

/** @type {typeof declared} */
export const google = (options) =>
  preset("google", options, "client_id client_secret", {
    token_endpoint: "https://oauth2.googleapis.com/token",
    clientAuth: "client_secret_post",
    response: { errors: { internal_failure: "unavailable" } },
    reuse: "always", // a refresh returns no refresh token: it stays the same
    keepAliveSeconds: 30 * 86_400, // six months unused
  });
