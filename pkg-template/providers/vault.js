// @ts-check
import { asGiven } from "../lib/given.js";
import { required } from "./required.js";

/** @import { vault as declared } from "./index.js" */

/** @type {typeof declared} */
export function vault(options) {
  const { partnerId, token_endpoint } = options ?? {};
  if (!/^-?\d+$/.test(String(partnerId)) || Number(partnerId) !== (Number(partnerId) | 0))
    throw new TypeError(
      `vault: partnerId must be an int32, a whole number from -2147483648 to 2147483647 ${asGiven(partnerId)}`,
    );
  if (!token_endpoint)
    throw new TypeError(
      "vault: token_endpoint is missing: write your Vault host's URL that ends in /v1/auth/token",
    );
  required("vault", { token_endpoint });
  return {
    token_endpoint,
    headers: { partnerId: String(Number(partnerId)) },
    request: {
      body: "json",
      names: { refresh_token: "refreshToken", grant_type: "grantType" },
      place: { grant_type: "header" },
      check: { partnerId: "int32" },
    },
    reuse: "never", // "A new refresh token (if applicable)": the page does not say that the old one stays valid
  };
}
