// @ts-check
import { preset } from "./preset.js";

/** @import { square as declared } from "./index.js" */

/** @type {typeof declared} */
export const square = (options) =>
  preset("square", options, "client_id", {
    token_endpoint: "https://connect.squareup.com/oauth2/token",
    clientAuth: "client_secret_post",
    request: { body: "json" },
    response: {
      expiry: { in: "iso8601", name: "expires_at" },
      errorWhen: [{ path: "message", is: "Invalid refresh token", means: "session_ended" }],
    },
    reuse: options?.client_secret ? "always" : "never", // many uses with the code flow, one with PKCE
    keepAliveSeconds: 7 * 86_400, // "every 7 days or less"
  });
