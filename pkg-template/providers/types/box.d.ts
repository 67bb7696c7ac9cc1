import type { RefresherOptions, Value } from "../../index.js";

/**
 * Box: `createRefresher({ ...box({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://api.box.com/oauth2/token` by form, with client_id and client_secret beside it.
 * - Access tokens: 60 min. Refresh tokens: 60 d or one use.
 * - Rotation: a new one each time.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Refreshed every 20 days, also without a call.
 * - Source: developer.box.com: tokens guide, expiration; support.box.com community 360049133654, 360049159714;
 *   cburnette/boxr 22; scribejava/scribejava 842.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function box(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
