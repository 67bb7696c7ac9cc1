// @ts-check
import { preset } from "./preset.js";

/** @import { stripeApps as declared } from "./index.js" */

/** @type {typeof declared} */
export const stripeApps = (options) =>
  preset("stripeApps", options, "client_secret", {
    token_endpoint: "https://api.stripe.com/v1/oauth/token",
    clientAuth: "client_secret_basic",
    request: { basic: { username: "client_secret", password: "" } },
    response: { expiry: { in: "seconds", defaultSeconds: 3600 } }, // the reply has no lifetime
    reuse: "never",
    keepAliveSeconds: 30 * 86_400, // a year, rolling
  });
