// @ts-check
import { preset } from "./preset.js";

/** @import { notion as declared } from "./index.js" */

/** @type {typeof declared} */
export const notion = (options) =>
  preset("notion", options, "client_id client_secret", {
    token_endpoint: "https://api.notion.com/v1/oauth/token",
    clientAuth: "client_secret_basic",
    headers: { "Notion-Version": "2026-03-11" },
    request: { body: "json" },
    response: { error: "code", error_description: "message" },
    reuse: "never",
  });
