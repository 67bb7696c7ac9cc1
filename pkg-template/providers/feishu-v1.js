// @ts-check
import { preset } from "./preset.js";
import { valueOf } from "./value-of.js";

/** @import { feishuV1 as declared } from "./index.js" */

/** @type {typeof declared} */
export const feishuV1 = (options) =>
  preset("feishuV1", options, "app_access_token", {
    token_endpoint: "https://open.feishu.cn/open-apis/authen/v1/oidc/refresh_access_token",
    headers: { authorization: async () => `Bearer ${await valueOf(options.app_access_token)}` },
    request: { body: "json" },
    response: {
      root: "data",
      errorWhen: [{ path: "code", isNot: 0 }],
      error: "code",
      error_description: "msg",
    },
    reuse: "never",
    keepAliveSeconds: 10 * 86_400, // about 30 days
  });
