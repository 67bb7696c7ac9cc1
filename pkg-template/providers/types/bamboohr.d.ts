import type { RefresherOptions, Value } from "../../index.js";

/**
 * BambooHR: `createRefresher({ ...bamboohr({ subdomain, client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://{subdomain}.bamboohr.com/token.php` by form, with client_id and client_secret beside it.
 * - Access tokens: not stated. Refresh tokens: not stated.
 * - Rotation: not stated.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Not verified, from memory: errors.
 * - Searched without success: nango.dev/docs: bamboohr.
 * - Source: NangoHQ/nango@2f4c0af packages/providers/providers.yaml.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function bamboohr(options: {
  /** The part before `.bamboohr.com`. */
  subdomain: string;
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
