// @ts-check
import { preset } from "./preset.js";

/** @import { githubApp as declared } from "./index.js" */

/** @type {typeof declared} */
export const githubApp = (options) =>
  preset("githubApp", options, "client_id", {
    token_endpoint: "https://github.com/login/oauth/access_token",
    clientAuth: "client_secret_post", // not needed for tokens of the device flow
    reuse: "never", // the old refresh token and access token are revoked at once
    keepAliveSeconds: 30 * 86_400, // six months
  });
