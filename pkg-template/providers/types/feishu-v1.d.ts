import type { RefresherOptions, Value } from "../../index.js";

/**
 * Feishu/Lark v1 oidc (historic): `createRefresher({ ...feishuV1({ app_access_token }), storage })`.
 *
 * - Request: `POST https://open.feishu.cn/open-apis/authen/v1/oidc/refresh_access_token` in JSON.
 * - Access tokens: about 2 h. Refresh tokens: about 30 d.
 * - Rotation: a new one each time: use the newest.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Refreshed every 10 days, also without a call.
 * - Not plain data: app_access_token is a function that you write.
 * - The documents that were read do not list the error codes of an invalid refresh token: write them as `endsWhen` after
 *   the preset.
 * - Not verified, from memory: error codes.
 * - Searched without success: open.larkoffice.com oidc-refresh_access_token/create; open.feishu.cn:
 *   questions-on-error-codes.
 * - Source: open.larkoffice.com oidc-refresh_access_token/create.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function feishuV1(options: {
  /** The app's own token, or a function that returns it. Another call issues it, for two hours. */
  app_access_token: Value;
}): RefresherOptions;
