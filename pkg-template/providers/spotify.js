// @ts-check
import { preset } from "./preset.js";

/** @import { spotify as declared } from "./index.js" */

/** @type {typeof declared} */
export const spotify = (options) =>
  preset("spotify", options, "client_id", {
    token_endpoint: "https://accounts.spotify.com/api/token",
    clientAuth: "client_secret_basic",
    reuse: "never",
  });
