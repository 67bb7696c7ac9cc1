import type { RefresherOptions } from "../../index.js";

/**
 * Threads: `createRefresher({ ...threads(), storage })`.
 *
 * - Request: `GET https://graph.threads.net/refresh_access_token`, all in the query.
 * - Access tokens: 60 d. Refresh tokens: none.
 * - Rotation: no refresh token: the access token is exchanged for a new one.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Refreshed every 7 days, also without a call.
 * - Not verified, from memory: errors.
 * - Searched without success: developers.facebook.com/docs/threads: long-lived-tokens.
 * - Source: NangoHQ/nango@2f4c0af packages/shared/lib/clients/provider.client.ts.
 */
export function threads(): RefresherOptions;
