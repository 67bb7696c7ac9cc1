// @ts-check
import { required } from "./required.js";

/** @import { goTo as declared } from "./index.js" */

/** @type {typeof declared} */
export function goTo(options) {
  const {
    client_id,
    client_secret,
    token_endpoint = "https://authentication.logmeininc.com/oauth/token",
  } = options ?? {};
  required("goto", { client_id, client_secret, token_endpoint });
  return {
    token_endpoint,
    client_id,
    client_secret,
    clientAuth: "client_secret_basic",
    basicEncoding: "raw", // "the string of clientID:clientSecret base64 encoded"; the sample's secret has an unencoded + and =
    response: { token_type: "Bearer" }, // the reply has none; "Authorization: Bearer {access_token}"
    reuse: "always", // "The body of the response contains the same refresh token as the first request"
    keepAliveSeconds: 86_400, // "Best practice is to harvest the refresh token from the response body daily"
  };
}
