import type { RefresherOptions, Value } from "../../index.js";

/**
 * Atlassian 3LO: `createRefresher({ ...atlassian({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://auth.atlassian.com/oauth/token` by form, with client_id and client_secret beside it.
 * - Access tokens: 1 h. Refresh tokens: 90 d unused, 365 d in all.
 * - Rotation: a new one each time; the old one works for 10 minutes, after that a second use ends the session.
 * - `reuse` is `{ graceSeconds: 600 }`: a lost reply is retried within the grace period.
 * - Refreshed every 30 days, also without a call.
 * - Source: developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps; community.developer.atlassian.com 54172, 60806,
 *   50348; ParabolInc/parabol 11849; NangoHQ/nango@2f4c0af packages/providers/providers.yaml.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function atlassian(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
