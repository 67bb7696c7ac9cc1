import type { RefresherOptions, Value } from "../../index.js";

/**
 * Absorb LMS: `createRefresher({ ...absorbLms({ portal, client_id, client_secret, api_key, api_version, scope }), storage })`.
 *
 * - Request: `POST https://{portal}/oauth/token` by form, with client_id and client_secret beside it.
 * - Access tokens: not stated. Refresh tokens: not stated.
 * - Rotation: not stated.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Not verified, from memory: errors.
 * - Searched without success: full-text search of public documentation and issues for Absorb with errors of its token
 *   endpoint.
 * - Source: NangoHQ/nango@2f4c0af packages/shared/lib/clients/provider.client.ts.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function absorbLms(options: {
  /** The portal's whole host. Never take it from user input. */
  portal: string;
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
  /** Sent as `x-api-key`. */
  api_key: Value;
  /** Sent as `x-api-version`. */
  api_version: string;
  /** Absorb wants it at each refresh. */
  scope: string;
}): RefresherOptions;
