import type { RefresherOptions } from "../../index.js";

/**
 * Salesmsg: `createRefresher({ ...salesmsg(), storage })`.
 *
 * - Request: `POST https://api.salesmessage.com/pub/v2.2/oauth/personal-token/refresh`.
 * - Access tokens: not stated. Refresh tokens: none.
 * - Rotation: no refresh token: the access token is exchanged for a new one.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Not verified, from memory: errors.
 * - Searched without success: full-text search of public documentation for Salesmsg with errors of its token endpoint.
 * - Source: NangoHQ/nango@2f4c0af packages/providers/providers.yaml.
 */
export function salesmsg(): RefresherOptions;
