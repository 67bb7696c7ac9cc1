import type { RefresherOptions, Value } from "../../index.js";

/**
 * Pipedrive: `createRefresher({ ...pipedrive({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://oauth.pipedrive.com/oauth/token` by form, with HTTP Basic.
 * - Access tokens: about 1 h. Refresh tokens: 60 d unused.
 * - Rotation: each reply contains one.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Refreshed every 20 days, also without a call.
 * - Not verified, from memory: rotation.
 * - Searched without success: pipedrive.readme.io: marketplace-oauth-authorization;
 *   developers.pipedrive.com/docs/api/v1/Oauth.
 * - Source: NangoHQ/nango@2f4c0af packages/providers/providers.yaml; withone.ai: Pipedrive, refresh OAuth tokens;
 *   supaglue-labs/supaglue 1920; pipedrive.readme.io: marketplace-oauth-and-api-proxy-status-codes.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function pipedrive(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
