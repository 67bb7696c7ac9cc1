// @ts-check
/** @import { instagram as declared } from "./index.js" */

/** @type {typeof declared} */
export const instagram = () => ({
  token_endpoint: "https://graph.instagram.com/refresh_access_token",
  request: {
    method: "GET",
    grant_type: "ig_refresh_token",
    names: { refresh_token: "access_token" },
  },
  response: { names: { refresh_token: "access_token" }, errors: { 190: "session_ended" } },
  reuse: "never",
  keepAliveSeconds: 7 * 86_400, // 60 days; an expired token cannot be exchanged
});
