import type { RefresherOptions, Value } from "../../index.js";

/**
 * Microsoft Entra ID v2: `createRefresher({ ...microsoftEntra({ tenant, client_id }), storage })`.
 *
 * - Request: `POST https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token` by form, with client_id and client_secret
 *   beside it; without a secret as a public client.
 * - Access tokens: 60 to 90 min. Refresh tokens: 90 d; 24 h, not sliding, for redirect URIs of the type spa.
 * - Rotation: a new one each time; the old one is not revoked.
 * - `reuse` is `"always"`: a lost reply is retried.
 * - Refreshed every 30 days, also without a call.
 * - `interaction_required` ends the session: log in with what is missing (a second factor, for example) and call
 *   `setTokens`.
 * - Source: learn.microsoft.com/entra/identity-platform/refresh-tokens, reference-error-codes, msal-node
 *   InteractionRequiredAuthErrorCodes; NangoHQ/nango@2f4c0af packages/providers/providers.yaml;
 *   learn.microsoft.com/entra/identity-platform/configurable-token-lifetimes.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function microsoftEntra(options: {
  /**
   * The directory's id or domain, `common`, `organizations` or `consumers`. The first two make ids of one tenant
   * only.
   */
  tenant: string;
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret?: Value;
}): RefresherOptions;
