import type { RefresherOptions } from "../../index.js";

/**
 * Mercury: `createRefresher({ ...mercury(), storage })`.
 *
 * - Request: `POST https://oauth2.mercury.com/oauth2/token` by form.
 * - Access tokens: not stated. Refresh tokens: not stated.
 * - Rotation: one comes each time.
 * - `reuse` is `"never"`: no refresh token is sent twice, so a lost reply is `outcome_unknown`.
 * - Not verified, from memory: errors.
 * - Source: NangoHQ/nango@2f4c0af packages/shared/lib/clients/provider.client.ts.
 */
export function mercury(): RefresherOptions;
