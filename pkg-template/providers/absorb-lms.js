// @ts-check
import { filled } from "./filled.js";
import { preset } from "./preset.js";

/** @import { absorbLms as declared } from "./index.js" */

/** @type {typeof declared} */
export const absorbLms = (options) =>
  preset("absorbLms", options, "client_id client_secret api_key api_version scope", {
    token_endpoint: filled("absorbLms", options, "https://{portal}/oauth/token"),
    clientAuth: "client_secret_post",
    scope: options?.scope,
    headers: { "x-api-key": options?.api_key, "x-api-version": options?.api_version },
    request: { templates: { nonce: "{uuid}" } },
    reuse: "never",
  });
