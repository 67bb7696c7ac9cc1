import type { RefresherOptions, Value } from "../../index.js";

/**
 * Salesforce: `createRefresher({ ...salesforce({ client_id }), storage })`.
 *
 * - Request: `POST https://login.salesforce.com/services/oauth2/token` by form, with client_id and client_secret beside
 *   it; without a secret as a public client.
 * - Access tokens: the organisation's session timeout; the reply does not say. Refresh tokens: the app's policy.
 * - Rotation: none, unless the app has rotation turned on: then a new one each time.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Source: developer.salesforce.com refresh token flow; help.salesforce.com remoteaccess_oauth_refresh_token_flow,
 *   remoteaccess_oauth_flow_errors, rn_security_refresh_token_requests; segmentio/action-destinations 2300; calcom/cal.diy
 *   11508.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function salesforce(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret?: Value;
  /** The part before `.salesforce.com`: `login` (default), `test`, or a My Domain such as `contoso.my`. */
  domain?: string;
}): RefresherOptions;
