// @ts-check
import { filled } from "./filled.js";
import { preset } from "./preset.js";

/** @import { awsCognito as declared } from "./index.js" */

/** @type {typeof declared} */
export const awsCognito = (options) =>
  preset("awsCognito", options, "client_id", {
    token_endpoint: filled(
      "awsCognito",
      options,
      "https://{domain}.auth.{region}.amazoncognito.com/oauth2/token",
    ),
    clientAuth: "client_secret_basic",
    reuse: "never", // a grace period of 0 to 60 seconds is set per pool
  });
