// @ts-check
import { filled } from "./filled.js";
import { preset } from "./preset.js";
import { hmac } from "./signed.js";
import { valueOf } from "./value-of.js";

/** @import { tuya as declared } from "./index.js" */

const SHA256_OF_NO_BODY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** @type {typeof declared} */
export function tuya(options) {
  const { client_secret: _, ...known } = preset("tuya", options, "client_id client_secret", {
    token_endpoint: filled("tuya", options, "https://{host}/v1.0/token/") + "{refresh_token}",
    request: {
      method: "GET",
      names: { grant_type: null, client_id: null },
      place: { refresh_token: "path" },
    },
    response: {
      root: "result",
      expiry: { in: "seconds", name: "expire_time" },
      errorWhen: [{ path: "success", is: false }],
      error: "code",
      error_description: "msg",
      errors: { 500: "unavailable", 1111: "unavailable", 1199: "unavailable" }, // down, busy, too frequent
    },
    reuse: "never",
  });
  return {
    ...known,
    clientAuth: "none", // the signature is
    async transport(request, send = fetch) {
      const { client_id } = options;
      const t = String(Date.now());
      const { pathname } = new URL(request.url);
      const text = `${client_id}${t}GET\n${SHA256_OF_NO_BODY}\n\n${pathname}`;
      const sign = await hmac(await valueOf(options.client_secret), text);
      const fields = { client_id, t, sign_method: "HMAC-SHA256", sign: sign.toUpperCase() };
      for (const [name, value] of Object.entries(fields)) request.headers.set(name, value);
      return send(request);
    },
  };
}
