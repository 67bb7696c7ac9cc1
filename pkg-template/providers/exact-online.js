// @ts-check
import { filled } from "./filled.js";
import { preset } from "./preset.js";

/** @import { exactOnline as declared } from "./index.js" */

/** @type {typeof declared} */
export const exactOnline = (options) =>
  preset("exactOnline", options, "client_id client_secret", {
    token_endpoint: filled(
      "exactOnline",
      options,
      "https://start.exactonline.{country=nl|be|de|fr|es|co.uk|com}/api/oauth2/token",
    ),
    clientAuth: "client_secret_post",
    response: {
      errorWhen: [
        { path: "error_description", includes: "access_token not expired", means: "unavailable" },
        { path: "error_description", includes: "Old refresh token used", means: "session_ended" },
        { path: "error_description", includes: "refresh token expired", means: "session_ended" },
      ],
    },
    reuse: "never",
    refreshAheadSeconds: 30, // an earlier refresh is refused
  });
