// @ts-check
import { filled } from "./filled.js";
import { preset } from "./preset.js";

/** @import { mcpCloudflare as declared } from "./index.js" */

/** @type {typeof declared} */
export const mcpCloudflare = (options) =>
  preset("mcpCloudflare", options, "client_id", {
    token_endpoint: filled("mcpCloudflare", options, "https://{host}/token"),
    clientAuth: "client_secret_basic",
    reuse: "until-successor-used",
  });
