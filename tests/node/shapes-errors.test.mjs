// ResponseShape, option by option: which replies are errors, and their meaning (R1 to R11).

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FIRST, asks, bare, form, strictServer, strictSession, text, without } from "./strict.mjs";

let server;
before(async () => (server = await strictServer()));
after(() => server.close());

const session = (options) => strictSession(server, { tokens: { refresh_token: FIRST }, ...options });

/** A reply that is not a success, and the expected error. */
const ERRORS = {
  "R1 a form is no JSON": { response: { format: "json" }, reply: form(bare), code: "bad_response" },
  "R1 a sentence is no token": {
    response: { format: "string" },
    reply: text("Service is being updated"),
    code: "bad_response",
  },
  "R1 a page is no token": {
    response: { format: "string" },
    reply: text("<html><p>ok</p></html>"),
    code: "bad_response",
  },
  "R2 a 200 where only 201 is success": {
    response: { successStatus: [201] },
    reply: bare,
    code: "bad_response",
  },
  "R2 a token that is no text": { reply: { ...bare, access_token: 5 }, code: "bad_response" },
  "R2 a renamed token that is no text": {
    response: { names: { access_token: "t" } },
    reply: { t: { v: 1 } },
    code: "bad_response",
  },
  "R6 an unknown token type": {
    response: { tokenTypes: { bot: "Bearer" } },
    reply: { ...bare, token_type: "user" },
    code: "bad_response",
  },
  "R7 an error in a 200": {
    reply: { error: "bad_refresh_token" },
    code: "session_ended",
    error: "bad_refresh_token",
  },
  "R7 an error in a 200 beside tokens": {
    response: { errorWhen: [{ path: "ok", is: false }] },
    reply: { ...bare, ok: false, error: "invalid_grant" },
    code: "session_ended",
  },
  "R7 a number that is not 0": {
    response: { errorWhen: [{ path: "code", isNot: 0 }], error: "code", errors: { 20064: "session_ended" } },
    reply: { code: 20064 },
    code: "session_ended",
    error: "20064",
  },
  "R7 a member that is there at all": {
    response: { errorWhen: [{ path: "fault" }] },
    reply: { ...bare, fault: { x: 1 } },
    code: "bad_response",
  },
  "R7 a sign with a meaning, at any status": {
    response: {
      errorWhen: [{ path: "error_description", is: "refresh_token is invalid", means: "session_ended" }],
    },
    reply: {
      status: 403,
      body: { error: "unauthorized_client", error_description: "refresh_token is invalid" },
    },
    code: "session_ended",
    error: "unauthorized_client",
  },
  "R7 the same code without the sign means what it always means": {
    response: {
      errorWhen: [{ path: "error_description", is: "refresh_token is invalid", means: "session_ended" }],
    },
    reply: { status: 200, body: { error: "unauthorized_client", error_description: "who are you" } },
    code: "client_rejected",
  },
  "R7 a refusal that costs nothing, because the token is too young": {
    response: {
      errorWhen: [{ path: "error_description", is: "access_token not expired", means: "unavailable" }],
    },
    reply: {
      status: 401,
      body: { error: "unauthorized_client", error_description: "access_token not expired" },
    },
    code: "unavailable",
    state: "unspent",
  },
  "R8 a code in a list": {
    response: { error: "errors.0.errorType", error_description: "errors.0.message" },
    reply: {
      status: 400,
      body: { errors: [{ errorType: "invalid_grant", message: "Refresh token invalid" }], success: false },
    },
    code: "session_ended",
    error: "invalid_grant",
    description: "Refresh token invalid",
  },
  "R8 a field of a list": {
    response: { errorWhen: [{ path: "errors.0.field", is: "refresh_token", means: "session_ended" }] },
    reply: {
      status: 400,
      body: {
        message: "Bad Request",
        errors: [{ resource: "RefreshToken", field: "refresh_token", code: "invalid" }],
      },
    },
    code: "session_ended",
  },
  "R8 a message for a code": {
    response: { error: "message", errors: { "Invalid refresh token": "session_ended" } },
    reply: { status: 400, body: { status: 400, message: "Invalid refresh token" } },
    code: "session_ended",
  },
  "R8 a code under another name": {
    response: {
      error: "status",
      error_description: "message",
      errors: { BAD_REFRESH_TOKEN: "session_ended" },
    },
    reply: { status: 400, body: { status: "BAD_REFRESH_TOKEN", message: "missing or unknown" } },
    code: "session_ended",
    description: "missing or unknown",
  },
  "R8 an object for an error": {
    response: { errors: { 190: "session_ended" } },
    reply: { status: 400, body: { error: { message: "expired", type: "OAuthException", code: 190 } } },
    code: "session_ended",
    error: "190",
    description: "expired",
  },
  "R8 a code that means patience": {
    response: { errors: { slow: "unavailable" } },
    reply: { status: 400, body: { error: "slow" } },
    code: "unavailable",
    state: "unspent",
  },
  "R8 a code that means the client": {
    response: { errors: { who: "client_rejected" } },
    reply: { status: 400, body: { error: "who" } },
    code: "client_rejected",
    state: "unspent",
  },
  "R11 no extension without the sign of it": {
    tokens: { access_token: "a-that-is-over", refresh_token: FIRST, expires_at: 1 },
    response: { extendedWhen: [{ path: "result", is: "0000" }] },
    reply: {},
    code: "bad_response",
  },
  "R11 no extension of a token that is not here": {
    response: { extendedWhen: [{ path: "result", is: "0000" }] },
    reply: { result: "0000" },
    code: "bad_response",
  },
  "B9 a token of more than 1 MiB": {
    reply: text(`{"access_token":"${"a".repeat(1 << 20)}"}`),
    code: "bad_response",
  },
};

for (const [title, { tokens, response, reply, code, error, description, state }] of Object.entries(ERRORS))
  test(title, async () => {
    server.expect({ request: asks(FIRST), reply });
    const { refresher } = session({ response, ...(tokens && { tokens }) });
    const failure = await refresher.getTokens().then(assert.fail, (reason) => reason);
    server.check();
    assert.equal(failure.code, code);
    if (error) assert.equal(failure.error, error);
    if (description) assert.equal(failure.error_description, description);
    if (state) assert.equal(failure.refreshTokenState, state);
    refresher.close();
  });
