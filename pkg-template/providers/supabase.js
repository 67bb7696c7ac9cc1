// @ts-check
import { filled } from "./filled.js";
import { preset } from "./preset.js";

/** @import { supabase as declared } from "./index.js" */

/** @type {typeof declared} */
export const supabase = (options) =>
  preset("supabase", options, "apikey", {
    token_endpoint: filled("supabase", options, "https://{ref}.supabase.co/auth/v1/token"),
    headers: { apikey: options?.apikey },
    request: { body: "json", place: { grant_type: "query" } },
    response: { error_description: "msg" },
    endsWhen: ["session_expired"],
    reuse: "until-successor-used", // for the previous token, the server returns the active one
  });
