// @ts-check
/** @import { salesmsg as declared } from "./index.js" */

/** @type {typeof declared} */
export const salesmsg = () => ({
  token_endpoint: "https://api.salesmessage.com/pub/v2.2/oauth/personal-token/refresh",
  request: {
    body: "none",
    place: { authorization: "header" },
    templates: { authorization: "Bearer {access_token}" },
  },
  response: { names: { refresh_token: "access_token" } },
  reuse: "never",
});
