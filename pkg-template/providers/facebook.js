// @ts-check
import { preset } from "./preset.js";

/** @import { facebook as declared } from "./index.js" */

/** @type {typeof declared} */
export const facebook = (options) =>
  preset("facebook", options, "client_id client_secret", {
    token_endpoint: "https://graph.facebook.com/v22.0/oauth/access_token",
    clientAuth: "client_secret_post",
    request: {
      method: "GET",
      grant_type: "fb_exchange_token",
      names: { refresh_token: "fb_exchange_token" },
    },
    response: {
      names: { refresh_token: "access_token" },
      errors: { 190: "session_ended" },
    },
    reuse: "never",
    keepAliveSeconds: 7 * 86_400, // about 60 days; an expired token cannot be exchanged
  });
