import type { RefresherOptions, Value } from "../../index.js";

/**
 * Feishu/Lark v1 oidc (historic): `createRefresher({ ...feishuV1({ app_access_token }), storage })`.
 *
 * - Request: `POST https://open.feishu.cn/open-apis/authen/v1/oidc/refresh_access_token` in JSON.
 * - Access tokens: about 2 h. Refresh tokens: about 30 d.
 * - Rotation: a new one each time: the newest counts.
 * - `reuse` is `"never"`: no refresh token is sent twice, so a lost reply is `outcome_unknown`.
 * - Refreshed every 10 days, also without a call.
 * - Has a function beside its data: app_access_token is a function that you write.
 * - Which codes say that a refresh token is dead is not documented in what was read: name them in `endsWhen` behind the
 *   preset.
 * - Not verified, from memory: error codes.
 * - Looked at without finding that: open.larkoffice.com oidc-refresh_access_token/create; open.feishu.cn:
 *   questions-on-error-codes.
 * - Source: open.larkoffice.com oidc-refresh_access_token/create.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function feishuV1(options: {
  /**
   * The app's own token, or a function that gives it: it is asked for by another call and lives two hours.
   */
  app_access_token: Value;
}): RefresherOptions;
