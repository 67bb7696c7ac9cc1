// @ts-check
import { preset } from "./preset.js";

/** @import { discord as declared } from "./index.js" */

/** @type {typeof declared} */
export const discord = (options) =>
  preset("discord", options, "client_id client_secret", {
    token_endpoint: "https://discord.com/api/oauth2/token",
    clientAuth: "client_secret_post",
    response: {
      errorWhen: [
        { path: "error_description", is: 'Invalid "refresh_token" in request.', means: "session_ended" },
      ],
    },
    reuse: "never",
  });
