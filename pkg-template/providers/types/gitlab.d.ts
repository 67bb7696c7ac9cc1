import type { RefresherOptions, Value } from "../../index.js";

/**
 * GitLab: `createRefresher({ ...gitlab({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://gitlab.com/oauth/token` by form, with client_id and client_secret beside it.
 * - Access tokens: 2 h. Refresh tokens: not stated.
 * - Rotation: a new one each time; the old refresh token and access token are revoked.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - For a server of your own, write its `token_endpoint` after the preset.
 * - Source: GitLab's documentation; gitlab-org/gitlab#372358; gitlab-org/gitlab 324012, gitlab-org/cli 4242;
 *   doorkeeper-gem/doorkeeper 242.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function gitlab(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
