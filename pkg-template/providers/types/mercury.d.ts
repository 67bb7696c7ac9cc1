import type { RefresherOptions } from "../../index.js";

/**
 * Mercury: `createRefresher({ ...mercury(), storage })`.
 *
 * - Request: `POST https://oauth2.mercury.com/oauth2/token` by form.
 * - Access tokens: 1 h. Refresh tokens: 30 d or one use.
 * - Rotation: a new one each time, each works once.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Refreshed every 10 days, also without a call.
 * - Not verified, from memory: errors.
 * - Searched without success: docs.mercury.com/reference/obtain-the-tokens.
 * - Source: NangoHQ/nango@2f4c0af packages/shared/lib/clients/provider.client.ts;
 *   docs.mercury.com/reference/obtain-the-tokens.
 */
export function mercury(): RefresherOptions;
