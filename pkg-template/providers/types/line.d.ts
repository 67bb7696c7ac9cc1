import type { RefresherOptions, Value } from "../../index.js";

/**
 * LINE: `createRefresher({ ...line({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://api.line.me/oauth2/v2.1/token` by form, with client_id and client_secret beside it.
 * - Access tokens: 30 d. Refresh tokens: 90 d after the access token was issued.
 * - Rotation: each reply contains one.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Refreshed every 30 days, also without a call.
 * - Not verified, from memory: rotation, errors.
 * - Searched without success: developers.line.biz: LINE Login v2.1 reference, managing-access-tokens.
 * - Source: developers.line.biz: managing access tokens.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function line(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
