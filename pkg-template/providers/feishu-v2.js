// @ts-check
import { preset } from "./preset.js";

/** @import { feishuV2 as declared } from "./index.js" */

/** @type {typeof declared} */
export const feishuV2 = (options) =>
  preset("feishuV2", options, "client_id client_secret", {
    token_endpoint: "https://open.feishu.cn/open-apis/authen/v2/oauth/token",
    clientAuth: "client_secret_post",
    request: { body: "json" },
    response: { errorWhen: [{ path: "code", isNot: 0 }] },
    reuse: "never", // one use, and the old one dies at once
    keepAliveSeconds: 2 * 86_400, // 7 days at the least
  });
