// @ts-check
import { preset } from "./preset.js";

/** @import { slack as declared } from "./index.js" */

/** @type {typeof declared} */
export const slack = (options) =>
  preset("slack", options, "client_id client_secret", {
    token_endpoint: "https://slack.com/api/oauth.v2.access",
    clientAuth: "client_secret_post",
    response: {
      ...(options?.token == "user"
        ? { root: "authed_user", tokenTypes: { user: "Bearer" } }
        : { tokenTypes: { bot: "Bearer" } }),
      scopeSeparator: ",",
      errorWhen: [{ path: "ok", isNot: true }],
      errors: {
        invalid_refresh_token: "session_ended",
        token_revoked: "session_ended",
        token_expired: "session_ended",
        account_inactive: "session_ended",
        internal_error: "unavailable",
        fatal_error: "unavailable",
        service_unavailable: "unavailable",
        request_timeout: "unavailable",
        ratelimited: "unavailable",
        rate_limited: "unavailable",
      },
    },
    reuse: "never", // the old one is revoked
  });
