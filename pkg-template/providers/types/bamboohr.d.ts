import type { RefresherOptions, Value } from "../../index.js";

/**
 * BambooHR: `createRefresher({ ...bamboohr({ subdomain, client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://{subdomain}.bamboohr.com/token.php` by form, with client_id and client_secret beside it.
 * - Access tokens: not stated. Refresh tokens: not stated.
 * - Rotation: not stated.
 * - `reuse` is `"never"`: no refresh token is sent twice, so a lost reply is `outcome_unknown`.
 * - Not verified, from memory: errors.
 * - Looked at without finding that: nango.dev/docs: bamboohr.
 * - Source: NangoHQ/nango@2f4c0af packages/providers/providers.yaml.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function bamboohr(options: {
  /** What stands before `.bamboohr.com`. */
  subdomain: string;
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
