import type { RefresherOptions, Value } from "../../index.js";

/**
 * Intuit QuickBooks: `createRefresher({ ...quickbooks({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer` by form, with HTTP Basic.
 * - Access tokens: 1 h. Refresh tokens: 100 d, sliding; 5 years in all.
 * - Rotation: the same one, with a new value about once a day.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Refreshed every 30 days, also without a call.
 * - Not verified, from memory: how long the old one stays.
 * - Searched without success: blogs.a.intuit.com/2025/11/12/important-changes-to-refresh-token-policy;
 *   intuit/oauth-jsclient 77.
 * - Source: intuit/QuickBooks-V3-Java-SDK v6.5.4; airbytehq/airbyte#7296; NangoHQ/nango@2f4c0af
 *   packages/providers/providers.yaml; IntuitDeveloper/OAuth2-Dotnet_UsingSDK docs/help/Tokens.md.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function quickbooks(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
