import type { RefresherOptions } from "../../index.js";

/**
 * Threads: `createRefresher({ ...threads(), storage })`.
 *
 * - Request: `GET https://graph.threads.net/refresh_access_token`, all in the query.
 * - Access tokens: 60 d. Refresh tokens: none.
 * - Rotation: no refresh token: the access token renews itself.
 * - `reuse` is `"never"`: no refresh token is sent twice, so a lost reply is `outcome_unknown`.
 * - Refreshed every 7 days, also without a call.
 * - Not verified, from memory: errors.
 * - Looked at without finding that: developers.facebook.com/docs/threads: long-lived-tokens.
 * - Source: NangoHQ/nango@2f4c0af packages/shared/lib/clients/provider.client.ts.
 */
export function threads(): RefresherOptions;
