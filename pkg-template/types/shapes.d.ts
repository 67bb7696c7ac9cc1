import type { RefreshErrorCode } from "./errors.js";

/**
 * A refresh request that differs from RFC 6749 §6, as plain data (JSON).
 *
 * @example
 * ```ts
 * import type { RequestShape } from "oauth-refresher";
 *
 * // PUT { "refreshToken": "…", "appId": "…" }
 * const request: RequestShape = {
 *   method: "PUT",
 *   body: "json",
 *   names: { refresh_token: "refreshToken", client_id: "appId", grant_type: null },
 * };
 * ```
 */
export interface RequestShape {
  /** Default POST. */
  method?: "POST" | "GET" | "PATCH" | "PUT";
  /**
   * The format of the body's parameters. Default `form`; for a GET `query`, which puts them into the URL, including a `client_secret` among
   * them. `string`: only the refresh token, as a JSON string.
   */
  body?: "form" | "json" | "string" | "query" | "none";
  /** Renames a registered parameter, or omits it with null. */
  names?: Record<string, string | null>;
  /** Where a parameter goes, by its registered name. `path` fills `{name}` in the endpoint. Default: the body. */
  place?: Record<string, "body" | "query" | "header" | "path">;
  /** The value of `grant_type`. Default `refresh_token`. */
  grant_type?: string;
  /** User name and password of `client_secret_basic`. Default: client_id and client_secret. */
  basic?: { username?: "client_id" | "client_secret"; password?: "client_id" | "client_secret" | "" };
  /** The separator of scopes. Default: a space. */
  scopeSeparator?: string;
  /**
   * Further parameters, computed for each request from a text with slots in braces: `{uuid}`, `{unix_seconds}`,
   * `{unix_milliseconds}`, and members of the stored tokens: `{access_token}`, `{instance_url}`, `{user.id}`. `names` and `place` apply:
   * `{ templates: { authorization: "Bearer {access_token}" }, place: { authorization: "header" } }`. If a slot has no value, the request is
   * not sent.
   */
  templates?: Record<string, string>;
  /**
   * The required format of given `parameters` and `headers`. A value of another format is refused before the first request. `json`: the
   * text is JSON, such as a number, true or a list, and is inserted into a JSON body.
   */
  check?: Record<string, "int32" | "uuid" | "url" | "json">;
}

/**
 * A token response that differs from RFC 6749 §5, as plain data (JSON).
 *
 * @example
 * ```ts
 * import type { ResponseShape } from "oauth-refresher";
 *
 * // 200 { "ok": true, "data": { "accessToken": "…", "expiresAt": 1700000000000 } }
 * const response: ResponseShape = {
 *   root: "data",
 *   names: { access_token: "accessToken" },
 *   expiry: { in: "unix_milliseconds", name: "expiresAt" },
 *   token_type: "Bearer",
 *   errorWhen: [{ path: "ok", isNot: true }],
 * };
 * ```
 */
export interface ResponseShape {
  /** Default `auto`: JSON if the body looks like it, for any content type. `string`: only the access token, as a JSON string or plain text. */
  format?: "json" | "form" | "string" | "auto";
  /** The object with the members: `"data"`, `"result.token"`. If it contains no tokens, the reply itself is read. */
  root?: string;
  /**
   * The server's names, by registered name. Dotted paths with indexes are allowed: `"tokens.0.value"`. If an access token is exchanged for
   * a new one, without a refresh token: `{ refresh_token: "access_token" }`. `{ refresh_token: null }` ignores the refresh token in the reply
   * to a refresh, but not in the reply to a login.
   */
  names?: Record<string, string | null>;
  /** The format and name of the access token's expiry. Default: `expires_in`, in seconds. */
  expiry?: {
    in: "seconds" | "milliseconds" | "unix_seconds" | "unix_milliseconds" | "iso8601";
    /** The member's name. */
    name?: string;
    /** Assumed if the server gives no lifetime, or an impossible one: 0, or more than ten years. */
    defaultSeconds?: number;
  };
  /** Assumed if the server omits `token_type`, against RFC 6749 §5.1. */
  token_type?: string;
  /** Maps the server's own token types: `{ bot: "Bearer" }`. A token of another unknown type is not used (RFC 6749 §7.1). */
  tokenTypes?: Record<string, string>;
  /** The separator of scopes. Default: a space. Not needed for a list. */
  scopeSeparator?: string;
  /**
   * Signs that make a reply an error, for any status. `means` is the meaning of the error; without it, the error code decides. If every sign
   * has `means`, a reply with an error code is an error too; otherwise only these signs are. A sign has priority over the code, so that a code
   * which usually ends the session can be transient with certain words: `{ path: "error_description", includes: "already being processed",
   * means: "unavailable" }`.
   */
  errorWhen?: Array<ReplySign & { means?: RefreshErrorCode }>;
  /** Signs of a success without tokens that extends the current ones: by the reply's expiry, or by `expiry.defaultSeconds`. */
  extendedWhen?: ReplySign[];
  /** The path of the error code. Default `error`. */
  error?: string;
  /** The path of the error's text. Default `error_description`. */
  error_description?: string;
  /**
   * The meanings of the server's own error codes. `unavailable` and `client_rejected` also mean that the refresh token is unspent. Any
   * meaning other than these and `session_ended` is treated as `bad_response`.
   */
  errors?: Record<string, RefreshErrorCode>;
  /** The statuses of success. Default 200. */
  successStatus?: number[];
}

/**
 * A condition on the member at `path` (`"ok"`, `"errors.0.errorType"`): it exists and equals `is`, does not equal `isNot`, or contains
 * `includes`. With none of the three: it exists and is not null. A number or a boolean also matches its text.
 */
export interface ReplySign {
  /** Names and indexes, separated by dots: `"errors.0.errorType"`. */
  path: string;
  /** The value that the member must have. */
  is?: unknown;
  /** The value that it must not have. */
  isNot?: unknown;
  /** A text that the member contains. `is` and `isNot` are then ignored. */
  includes?: string;
}
