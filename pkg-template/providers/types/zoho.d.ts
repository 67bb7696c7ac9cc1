import type { RefresherOptions, Value } from "../../index.js";

/**
 * Zoho: `createRefresher({ ...zoho({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://accounts.zoho.com/oauth/v2/token` by form, with client_id and client_secret beside it.
 * - Access tokens: 1 h; at most 10 per refresh token in 10 minutes. Refresh tokens: until revoked; at most 20 per user,
 *   then the oldest is revoked.
 * - Rotation: none: the refresh token stays the same.
 * - `reuse` is `"always"`: a lost reply is retried.
 * - Zoho's documents put all parameters into the URL. Zoho also accepts a form, which keeps the secret out of logs.
 * - Not verified, from memory: the status of too many requests.
 * - Searched without success: googleworkspace/apps-script-oauth2 223; tristanjahier/zoho-crm-php 9.
 * - Source: zoho.com: CRM v3 token validity, Recruit refresh, Creator help; asciisd/zoho-v3 14, schmorrison/Zoho 18;
 *   zoho.com: CRM v2 token validity.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function zoho(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
  /** The data centre of the account. Default `com`. */
  location?: "com" | "eu" | "in" | "com.cn" | "jp" | "com.au";
}): RefresherOptions;
