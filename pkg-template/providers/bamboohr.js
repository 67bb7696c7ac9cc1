// @ts-check
import { filled } from "./filled.js";
import { preset } from "./preset.js";

/** @import { bamboohr as declared } from "./index.js" */

/** @type {typeof declared} */
export const bamboohr = (options) =>
  preset("bamboohr", options, "client_id client_secret", {
    token_endpoint: filled("bamboohr", options, "https://{subdomain}.bamboohr.com/token.php?request=token"),
    clientAuth: "client_secret_post",
    reuse: "never",
  });
