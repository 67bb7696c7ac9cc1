// @ts-check
import { filled } from "./filled.js";
import { preset } from "./preset.js";

/** @import { keycloak as declared } from "./index.js" */

/** @type {typeof declared} */
export const keycloak = (options) =>
  preset("keycloak", options, "client_id", {
    token_endpoint: filled(
      "keycloak",
      options,
      "https://{host}/realms/{realm}/protocol/openid-connect/token",
    ),
    clientAuth: "client_secret_post",
    reuse: "never", // "Revoke Refresh Token" is set per realm
  });
