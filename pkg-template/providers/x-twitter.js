// @ts-check
import { preset } from "./preset.js";

/** @import { xTwitter as declared } from "./index.js" */

/** @type {typeof declared} */
export const xTwitter = (options) =>
  preset("xTwitter", options, "client_id", {
    token_endpoint: "https://api.x.com/2/oauth2/token",
    clientAuth: "client_secret_basic",
    reuse: "never",
    keepAliveSeconds: 30 * 86_400, // six months
    response: {
      errorWhen: [
        { path: "error_description", is: "Value passed for the token was invalid.", means: "session_ended" },
      ],
    },
  });
