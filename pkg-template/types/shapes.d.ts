import type { RefreshErrorCode } from "./errors.js";

/**
 * A refresh request other than RFC 6749 §6's, as plain data (JSON-able).
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
   * How parameters in the body are written. Default `form`, for a GET `query`: they go into the URL instead, and so does a
   * `client_secret` that is one of them. `string`: the refresh token alone, as a JSON string.
   */
  body?: "form" | "json" | "string" | "query" | "none";
  /** Renames a registered parameter, or leaves it out with null. */
  names?: Record<string, string | null>;
  /** Where a parameter goes, by its registered name. `path` fills `{name}` in the endpoint. Default: the body. */
  place?: Record<string, "body" | "query" | "header" | "path">;
  /** The value of `grant_type`. Default `refresh_token`. */
  grant_type?: string;
  /** What is the user name and what the password in `client_secret_basic`. Default: client_id and client_secret. */
  basic?: { username?: "client_id" | "client_secret"; password?: "client_id" | "client_secret" | "" };
  /** What separates scopes. Default: a space. */
  scopeSeparator?: string;
  /**
   * Further parameters that are made anew for each request, each from a text with slots in braces: `{uuid}`, `{unix_seconds}`,
   * `{unix_milliseconds}`, and members of the stored tokens: `{access_token}`, `{instance_url}`, `{user.id}`. `names` and `place` apply:
   * `{ templates: { authorization: "Bearer {access_token}" }, place: { authorization: "header" } }`. Where nothing fills a slot,
   * nothing is sent.
   */
  templates?: Record<string, string>;
  /**
   * What `parameters` and `headers` that the user fills in must look like; otherwise a TypeError. What is `json` goes into a JSON
   * body as it is: a number, true, a list.
   */
  check?: Record<string, "int32" | "uuid" | "url" | "json">;
}

/**
 * A token response other than RFC 6749 §5's, as plain data (JSON-able).
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
  /** Default `auto`: JSON if it looks like it, whatever the content type says. `string`: the access token alone, as JSON or bare. */
  format?: "json" | "form" | "string" | "auto";
  /** The object that holds the members: `"data"`, `"result.token"`. Without tokens in it: the reply itself. */
  root?: string;
  /**
   * The server's names, by registered name. Dotted paths are allowed, with indexes: `"tokens.0.value"`. Where there is no refresh
   * token and the access token renews itself: `{ refresh_token: "access_token" }`. `{ refresh_token: null }`: the one in the reply to a
   * refresh is not taken, and the stored one stays; a login's is.
   */
  names?: Record<string, string | null>;
  /** How the server says when the access token expires. Default: `expires_in`, in seconds. */
  expiry?: {
    in: "seconds" | "milliseconds" | "unix_seconds" | "unix_milliseconds" | "iso8601";
    /** The member's name. */
    name?: string;
    /** Assumed when the server does not say, or says nothing that can be a lifetime: 0, more than ten years. */
    defaultSeconds?: number;
  };
  /** Assumed when the server leaves `token_type` out, against RFC 6749 §5.1. */
  token_type?: string;
  /** What the server's own token types mean: `{ bot: "Bearer" }`. A token of any other unknown type is not taken (RFC 6749 §7.1). */
  tokenTypes?: Record<string, string>;
  /** What separates scopes. Default: a space. A list needs no word here. */
  scopeSeparator?: string;
  /**
   * What makes a reply an error whatever its status, and what that error means; without `means`, its code says. Where every one
   * has a meaning, an error code is still an error; else only these are. A sign comes before the code, so that a code which usually ends
   * the session can be transient with certain words: `{ path: "error_description", includes: "already being processed", means:
   * "unavailable" }`.
   */
  errorWhen?: Array<ReplySign & { means?: RefreshErrorCode }>;
  /** What makes a success without tokens an extension of those that are here: for `expiry.defaultSeconds`, or as the reply says. */
  extendedWhen?: ReplySign[];
  /** Where the error code is. Default `error`. */
  error?: string;
  /** Where the error's text is. Default `error_description`. */
  error_description?: string;
  /**
   * What the server's own error codes mean. `unavailable` and `client_rejected` also say that such a refusal does not use the refresh
   * token up; anything but these and `session_ended` is `bad_response`.
   */
  errors?: Record<string, RefreshErrorCode>;
  /** The statuses of success. Default 200. */
  successStatus?: number[];
}

/**
 * A sign in a reply: the member at `path` (`"ok"`, `"errors.0.errorType"`) is there and is, or is not, this value, or includes these
 * words. With none of them, it is there and not null. A number or a boolean may also come as text.
 */
export interface ReplySign {
  /** Names and indices from outside in, with dots between them: `"errors.0.errorType"`. */
  path: string;
  /** The value that the member must have. */
  is?: unknown;
  /** The value that it must not have. */
  isNot?: unknown;
  /** Words that the text has in it, whatever else it says. Then `is` and `isNot` do not count. */
  includes?: string;
}
