import type { RefresherOptions, Value } from "../../index.js";

/**
 * Airtable: `createRefresher({ ...airtable({ client_id }), storage })`.
 *
 * - Request: `POST https://airtable.com/oauth2/v1/token` by form, with HTTP Basic; without a secret as a public client.
 * - Access tokens: 60 min. Refresh tokens: 60 d.
 * - Rotation: a new one each time; the old access token ends with it.
 * - `reuse` is `"never"`: no refresh token is sent twice, so a lost reply is `outcome_unknown`.
 * - Refreshed every 20 days, also without a call.
 * - Not verified, from memory: access token's lifetime, errors of the client.
 * - Looked at without finding that: support.airtable.com: troubleshooting-oauth-integrations.
 * - Source: cdata.com Airtable RefreshExpiresIn; NangoHQ/nango@2f4c0af packages/providers/providers.yaml;
 *   nango.dev/blog/airtable-oauth-refresh-token-invalid-grant.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function airtable(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret?: Value;
}): RefresherOptions;
