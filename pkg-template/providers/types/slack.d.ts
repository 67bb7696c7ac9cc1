import type { RefresherOptions, Value } from "../../index.js";

/**
 * Slack (token rotation): `createRefresher({ ...slack({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://slack.com/api/oauth.v2.access` by form, with client_id and client_secret beside it.
 * - Access tokens: 12 h. Refresh tokens: one use.
 * - Rotation: a new one each time, the old one is revoked; bot and user tokens rotate separately.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Bot and user tokens rotate separately: create two refreshers with two storages, and pass the login's reply to both.
 * - Source: docs.slack.dev/authentication/using-token-rotation, reference/methods/oauth.v2.access, oauth.v2.exchange,
 *   tooling.tokens.rotate; slackapi/node-slack-sdk packages/oauth.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function slack(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
  /** Which of the two token sets this session is. Default `bot`. */
  token?: "bot" | "user";
}): RefresherOptions;
