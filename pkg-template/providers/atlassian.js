// @ts-check
import { preset } from "./preset.js";

/** @import { atlassian as declared } from "./index.js" */

/** @type {typeof declared} */
export const atlassian = (options) =>
  preset("atlassian", options, "client_id client_secret", {
    token_endpoint: "https://auth.atlassian.com/oauth/token",
    clientAuth: "client_secret_post",
    response: {
      errorWhen: [{ path: "error_description", is: "refresh_token is invalid", means: "session_ended" }],
    },
    reuse: { graceSeconds: 600 }, // "10 minutes"; a later use ends the session
    keepAliveSeconds: 30 * 86_400, // 90 days of inactivity
  });
