import type { RefresherOptions, Value } from "../../index.js";

/**
 * TikTok Login Kit v2: `createRefresher({ ...tiktok({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://open.tiktokapis.com/v2/oauth/token/` by form.
 * - Access tokens: 2 h, 24 h before November 2026. Refresh tokens: 180 d, 365 d before.
 * - Rotation: a new one each time; the old one is revoked.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Refreshed every 30 days, also without a call.
 * - Not verified, from memory: the status of errors.
 * - Searched without success: developers.tiktok.com: oauth-error-handling (its table has no status).
 * - Source: NangoHQ/nango@2f4c0af packages/shared/lib/clients/provider.client.ts; developers.tiktok.com:
 *   oauth-user-access-token-management, oauth-refresh-a-user-access-token (2026-11), oauth-error-handling.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function tiktok(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
