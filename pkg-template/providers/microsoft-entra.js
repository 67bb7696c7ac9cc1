// @ts-check
import { filled } from "./filled.js";
import { preset } from "./preset.js";

/** @import { microsoftEntra as declared } from "./index.js" */

/** @type {typeof declared} */
export const microsoftEntra = (options) =>
  preset("microsoftEntra", options, "client_id", {
    token_endpoint: filled(
      "microsoftEntra",
      options,
      "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
    ),
    clientAuth: "client_secret_post",
    response: {
      // AADSTS50196 a client request loop, 90033 and 90055 a busy service: an invalid_grant that does not refuse the refresh token
      errorWhen: [
        { path: "error_codes.0", is: 50196, means: "unavailable" },
        { path: "error_codes.0", is: 90033, means: "unavailable" },
        { path: "error_codes.0", is: 90055, means: "unavailable" },
      ],
      errors: { bad_token: "session_ended", interrupted_user: "session_ended" },
    },
    reuse: "always", // a new one each time, and the old one is not revoked
    keepAliveSeconds: 30 * 86_400, // 90 days
  });
