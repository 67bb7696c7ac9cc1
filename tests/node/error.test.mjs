// RefreshError: its fields, and that it contains no secret.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import test from "node:test";
import { inspect } from "node:util";
import { RefreshError } from "oauth-refresher";

const CODES = [
  "session_ended",
  "signed_out",
  "client_rejected",
  "unavailable",
  "outcome_unknown",
  "bad_response",
  "identity_mismatch",
  "storage_failed",
  "lock_timeout",
  "timeout",
  "closed",
  "engine_failed",
];

test("every code has its own message", () => {
  const sentences = CODES.map((code) => new RefreshError({ code }).message);
  assert.equal(new Set(sentences).size, CODES.length);
  for (const sentence of sentences) assert.match(sentence, /^[A-Z].{10,}/);
});

test("a RefreshError is an Error with a name and a stack", () => {
  const error = new RefreshError({ code: "closed" });
  assert.ok(error instanceof Error);
  assert.equal(String(error), `RefreshError: ${error.message}`);
  assert.match(error.stack, /^RefreshError: .*\n.*error\.test/);
});

test("a reply without an error code has its text in the message, and a code goes before the text", () => {
  const message = (fields) => new RefreshError(fields).message;
  const error_description = "unknown token_type: write it as response.token_type";
  assert.match(
    message({ code: "bad_response", status: 200, error_description }),
    /\(200 unknown token_type: .*\)$/,
  );
  assert.match(message({ code: "unavailable", status: 503, error_description: "later" }), /\(503 later\)$/);
  const refused = {
    code: "session_ended",
    status: 400,
    error: "invalid_grant",
    error_description: "revoked",
  };
  assert.equal(message(refused), "The session has ended: log in again (400 invalid_grant)");
  assert.equal(message({ code: "session_ended", error_description: "why" }), "Log in again (why)");
  assert.match(message({ code: "closed" }), /[^)]$/);
});

test("unknown fields are absent", () => {
  assert.deepEqual(Object.keys(new RefreshError({ code: "timeout", status: undefined })).sort(), [
    "code",
    "loginRequired",
    "refreshTokenState",
    "retryable",
    "sessionEnded",
  ]);
});

test("the fields are those of the contract", () => {
  const fields = {
    code: "unavailable",
    error: "temporarily_unavailable",
    error_description: "try later",
    status: 503,
    retryable: true,
    retryAfterSeconds: 0,
    sessionEnded: false,
    refreshTokenState: "unspent",
  };
  const error = new RefreshError(fields);
  assert.deepEqual({ ...error }, { ...fields, loginRequired: false });
  assert.deepEqual(JSON.parse(JSON.stringify(error)), {
    name: "RefreshError",
    message: error.message,
    ...fields,
    loginRequired: false,
  });
  assert.match(error.message, /\(503 temporarily_unavailable\)$/);
});

test("by default an error is retryable unless configuration, a login or a new refresher is needed", () => {
  const retryable = CODES.filter((code) => new RefreshError({ code }).retryable);
  assert.deepEqual(retryable, [
    "unavailable",
    "outcome_unknown",
    "bad_response",
    "storage_failed",
    "lock_timeout",
    "timeout",
    "engine_failed",
  ]);
  assert.equal(new RefreshError({ code: "unavailable", retryable: false }).retryable, false);
  assert.deepEqual(
    CODES.filter((code) => new RefreshError({ code }).sessionEnded),
    ["session_ended", "identity_mismatch"],
  );
});

test("the server's texts are escaped for a log line", () => {
  const error = new RefreshError({
    code: "bad_response",
    error: "bad\r\nthing",
    error_description: `first\u0000\u001b[31m"second"\\ ${"x".repeat(500)}`,
  });
  assert.equal(error.error, "bad thing");
  assert.ok(error.error_description.length <= 200);
  assert.match(error.error_description, /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
  assert.equal(
    new RefreshError({ code: "bad_response", error_description: { a: 1 } }).error_description,
    undefined,
  );
});

test("only the documented fields are shown", () => {
  const error = new RefreshError({
    code: "closed",
    refresh_token: "rt-secret",
    retry_at: "rt-secret",
  });
  for (const shown of [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), String(error)])
    assert.ok(!shown.includes("rt-secret"), shown);
});
