// @ts-check
import { filled } from "./filled.js";
import { preset } from "./preset.js";
import { hmac } from "./signed.js";
import { valueOf } from "./value-of.js";

/** @import { shopline as declared } from "./index.js" */

/** @type {typeof declared} */
export function shopline(options) {
  const known = preset("shopline", options, "app_key app_secret", {
    token_endpoint: filled("shopline", options, "https://{handle}.myshopline.com/admin/oauth/token/refresh"),
    request: { body: "none", names: { grant_type: null, refresh_token: null } },
    response: {
      root: "data",
      names: { access_token: "accessToken", refresh_token: "accessToken" },
      expiry: { in: "iso8601", name: "expireTime" },
      errorWhen: [{ path: "code", isNot: 200 }],
      error: "code",
      error_description: "message",
    },
    reuse: "always", // a signed request spends no token
  });
  return {
    ...known,
    async transport(request, send = fetch) {
      const timestamp = String(Date.now());
      request.headers.set("appkey", options.app_key);
      request.headers.set("timestamp", timestamp);
      request.headers.set("sign", await hmac(await valueOf(options.app_secret), timestamp));
      return send(request);
    },
  };
}
