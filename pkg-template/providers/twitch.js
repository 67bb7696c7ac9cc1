// @ts-check
import { preset } from "./preset.js";

/** @import { twitch as declared } from "./index.js" */

/** @type {typeof declared} */
export const twitch = (options) =>
  preset("twitch", options, "client_id", {
    token_endpoint: "https://id.twitch.tv/oauth2/token",
    clientAuth: "client_secret_post",
    response: { error: "message", errors: { "Invalid refresh token": "session_ended" } },
    reuse: "never",
    background: "never", // Twitch wants a refresh only after a 401
  });
