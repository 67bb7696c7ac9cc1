import type { RefresherOptions, Value } from "../../index.js";

/**
 * Discord: `createRefresher({ ...discord({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://discord.com/api/oauth2/token` by form, with client_id and client_secret beside it.
 * - Access tokens: 7 d. Refresh tokens: not stated.
 * - Rotation: a new one each time.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Source: NangoHQ/nango@2f4c0af packages/providers/providers.yaml; discord/discord-api-docs 1650, member-gentei 18,
 *   reboxer/discord-oauth2 91; sapphirejs.dev guide oauth2-refresh-token; discord/discord-api-docs 5942.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function discord(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
