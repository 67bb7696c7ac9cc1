// Common HTTP functions of the servers: listen on loopback, read a body, reply, CORS, close at once.

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";

/** Starts `handle` on 127.0.0.1. `close` ends open connections too, so that a hanging reply delays no test. */
export async function listen(handle, port = 0) {
  const answer = async (req, res) => handle(req, res);
  const server = createServer((req, res) => answer(req, res).catch((error) => failed(res, error)));
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The body as text; null when it is larger than `capBytes`. Always read to its end, so that the client can send all of it. */
export async function readBody(req, capBytes = 64 * 1024) {
  const chunks = [];
  let length = 0;
  for await (const chunk of req) {
    length += chunk.length;
    if (length <= capBytes) chunks.push(chunk);
  }
  return length > capBytes ? null : Buffer.concat(chunks).toString("utf8");
}

/** Replies with JSON (a string is sent as it is). RFC 6749 section 5.1: a reply with tokens is not cached. */
export function respond(res, status, body, headers = {}) {
  res.statusCode = status;
  res.setHeader("Content-Type", "application/json");
  res.setHeader("Cache-Control", "no-store");
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.end(typeof body === "string" ? body : JSON.stringify(body));
}

/** CORS: any origin may call these servers and read the headers that a client needs. */
export function allowPages(res) {
  res.setHeader("Access-Control-Allow-Origin", "*");
  res.setHeader("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After, DPoP-Nonce");
}

/** True when the request was a CORS preflight, which is then answered. */
export function answeredPreflight(req, res) {
  if (req.method !== "OPTIONS" || !req.headers["access-control-request-method"]) return false;
  allowPages(res);
  res.statusCode = 204;
  res.setHeader("Access-Control-Allow-Methods", "GET, POST");
  res.setHeader("Access-Control-Allow-Headers", req.headers["access-control-request-headers"] ?? "");
  res.setHeader("Access-Control-Max-Age", "600");
  res.end();
  return true;
}

/** The token of `Authorization: Bearer …`, the scheme in any case (RFC 9110 section 11.1); null when there is none. */
export function bearerToken(req) {
  return /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(req.headers.authorization ?? "")?.[1] ?? null;
}

/** RFC 6750 section 3: the challenge names an error only if the request carried a token. */
export function challenge(res, hadToken, scheme = "Bearer") {
  const error = hadToken
    ? ', error="invalid_token", error_description="The access token is expired or unknown"'
    : "";
  respond(res, 401, hadToken ? { error: "invalid_token" } : {}, {
    "WWW-Authenticate": `${scheme} realm="loopback"${error}`,
  });
}

/** base64url fits a Bearer header; base64 contains + / = and detects a client that does not form-encode. */
export function randomToken(byteLength = 32, encoding = "base64url") {
  return randomBytes(byteLength).toString(encoding);
}

function failed(res, error) {
  // A bug in a test server must be visible. Its message contains no token, because no error here is made from one.
  process.stderr.write(`test server failed: ${error?.stack ?? error}\n`);
  if (res.headersSent) res.destroy();
  else respond(res, 500, { error: "server_error" });
}
