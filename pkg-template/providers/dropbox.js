// @ts-check
import { preset } from "./preset.js";

/** @import { dropbox as declared } from "./index.js" */

/** @type {typeof declared} */
export const dropbox = (options) =>
  preset("dropbox", options, "client_id", {
    token_endpoint: "https://api.dropboxapi.com/oauth2/token",
    clientAuth: "client_secret_post",
    reuse: "always", // in Dropbox's SDK a refresh returns no refresh token: it stays the same
  });
