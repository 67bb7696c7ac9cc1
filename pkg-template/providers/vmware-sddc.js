// @ts-check
import { filled } from "./filled.js";

/** @import { vmwareSddc as declared } from "./index.js" */

/** @type {typeof declared} */
export const vmwareSddc = (options) => ({
  token_endpoint: filled("vmwareSddc", options, "https://{host}/v1/tokens/access-token/refresh"),
  request: { method: "PATCH", body: "string", names: { grant_type: null } },
  response: { format: "string" },
  reuse: "never",
});
