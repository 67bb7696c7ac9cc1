import type { RefresherOptions } from "../../index.js";

/**
 * Instagram: `createRefresher({ ...instagram(), storage })`.
 *
 * - Request: `GET https://graph.instagram.com/refresh_access_token`, all in the query.
 * - Access tokens: 60 d. Refresh tokens: none.
 * - Rotation: no refresh token: the access token is exchanged for a new one.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Refreshed every 7 days, also without a call.
 * - Source: NangoHQ/nango@2f4c0af packages/shared/lib/clients/provider.client.ts; stevenschobert/instafeed.js 654;
 *   Msameim181/n8n-nodes-instagram-integrations 8; developers.facebook.com:
 *   instagram-platform/reference/refresh_access_token (the request names no client).
 */
export function instagram(): RefresherOptions;
