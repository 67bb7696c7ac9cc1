// @ts-check
import { preset } from "./preset.js";

/** @import { feishuV2 as declared } from "./index.js" */

/** @type {typeof declared} */
export const feishuV2 = (options) =>
  preset("feishuV2", options, "client_id client_secret", {
    token_endpoint: "https://open.feishu.cn/open-apis/authen/v2/oauth/token",
    clientAuth: "client_secret_post",
    request: { body: "json" },
    response: {
      errorWhen: [
        { path: "code", is: 20026, means: "session_ended" }, // invalid
        { path: "code", is: 20037, means: "session_ended" }, // expired
        { path: "code", is: 20064, means: "session_ended" }, // revoked
        { path: "code", is: 20073, means: "session_ended" }, // used
        { path: "code", is: 20050, means: "unavailable" },
        { path: "code", is: 20072, means: "unavailable" },
        { path: "code", isNot: 0 },
      ],
    },
    reuse: "never", // one use; the old one is revoked at once
    keepAliveSeconds: 2 * 86_400, // at least 7 days
  });
