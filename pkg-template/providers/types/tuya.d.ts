import type { RefresherOptions, Value } from "../../index.js";

/**
 * Tuya Cube: `createRefresher({ ...tuya({ host, client_id, client_secret }), storage })`.
 *
 * - Request: `GET https://{host}/v1.0/token/{refresh_token}`.
 * - Access tokens: 2 h. Refresh tokens: not stated.
 * - Rotation: a new one each time.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Not plain data: transport signs the request (HMAC-SHA256).
 * - The documents that were read do not list the error codes of an invalid refresh token: write them as `endsWhen` after
 *   the preset.
 * - Not verified, from memory: errors of a refresh token.
 * - Searched without success: developer.tuya.com: cubeprivate-cloud error codes Kbrv2ex5geadd (1010 to 1012 are of a
 *   token, and do not say which).
 * - Source: developer.tuya.com cubeprivate-cloud Kdr7o5e65p7nl; developer.tuya.com: error codes K989ruxx88swc,
 *   Kdelue2jqrz0u; developer.tuya.com/docs/iot: singnature Ka43a5mtx1gsc, check-postman-sign Kavfn3820sxg4.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function tuya(options: {
  /** The data centre's host. Never take it from user input. */
  host: string;
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
