import type { RefresherOptions, Value } from "../../index.js";

/**
 * Xero: `createRefresher({ ...xero({ client_id }), storage })`.
 *
 * - Request: `POST https://identity.xero.com/connect/token` by form, with HTTP Basic; without a secret as a public client.
 * - Access tokens: 30 min. Refresh tokens: 60 d unused.
 * - Rotation: a new one each time; the old one may be sent again for 30 minutes.
 * - `reuse` is `{ graceSeconds: 1800 }`: a lost reply is retried within the grace period.
 * - Refreshed every 20 days, also without a call.
 * - Not verified, from memory: errors of the client.
 * - Searched without success: XeroAPI/Xero-NetStandard 577; XeroAPI/xero-python 69.
 * - Source: developer.xero.com/faq/oauth2; community.xero.com 105714701, 127920775.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function xero(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret?: Value;
}): RefresherOptions;
