import type { RefresherOptions, Value } from "../../index.js";

/**
 * Airtable: `createRefresher({ ...airtable({ client_id }), storage })`.
 *
 * - Request: `POST https://airtable.com/oauth2/v1/token` by form, with HTTP Basic; without a secret as a public client.
 * - Access tokens: 60 min. Refresh tokens: 60 d.
 * - Rotation: a new one each time; the old access token is revoked.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Refreshed every 20 days, also without a call.
 * - Not verified, from memory: access token's lifetime, errors of the client.
 * - Searched without success: support.airtable.com: troubleshooting-oauth-integrations.
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
