import type { RefresherOptions, Value } from "../../index.js";

/**
 * Feishu/Lark v2: `createRefresher({ ...feishuV2({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://open.feishu.cn/open-apis/authen/v2/oauth/token` in JSON, with client_id and client_secret
 *   beside it.
 * - Access tokens: about 2 h. Refresh tokens: 7 or 30 d by app.
 * - Rotation: a new one each time; the old one is revoked at once.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Refreshed every 2 days, also without a call.
 * - Not verified, from memory: the status of errors.
 * - Searched without success: open.larkoffice.com refresh-user-access-token; docs.rs open-lark, openlark-core: error codes
 *   without a status.
 * - Source: open.larkoffice.com refresh-user-access-token; larksuite/cli internal/errclass/codemeta.go, 1404.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function feishuV2(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
