import type { RefresherOptions, Value } from "../../index.js";

/**
 * Zoho: `createRefresher({ ...zoho({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://accounts.zoho.com/oauth/v2/token` by form, with client_id and client_secret beside it.
 * - Access tokens: 1 h; 10 in 10 minutes for a refresh token. Refresh tokens: until revoked; 20 for a user, the oldest is
 *   dropped.
 * - Rotation: none: the one there is stays.
 * - `reuse` is `"always"`: after a lost reply it is asked again.
 * - Zoho's pages write all parameters into the address; the form is taken too, and keeps the secret out of logs.
 * - Not verified, from memory: the status of too many requests.
 * - Looked at without finding that: googleworkspace/apps-script-oauth2 223; tristanjahier/zoho-crm-php 9.
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
