// @ts-check
/** @import { mercury as declared } from "./index.js" */

/** @type {typeof declared} */
export const mercury = () => ({
  token_endpoint: "https://oauth2.mercury.com/oauth2/token",
  reuse: "never",
  keepAliveSeconds: 10 * 86_400, // 720 hours
});
