// A token endpoint on loopback that accepts only the expected requests, byte for byte. Not a test by itself.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createRefresher } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";

/** The headers that Node's fetch adds. */
const OF_THE_CLIENT =
  /^(host|connection|user-agent|accept-(language|encoding)|sec-fetch-mode|content-length|cache-control|pragma)$/;

export const FORM = { accept: "application/json", "content-type": "application/x-www-form-urlencoded" };
export const JSON_BODY = { accept: "application/json", "content-type": "application/json" };
export const NO_BODY = { accept: "application/json" };
export const basic = (credentials) => "Basic " + Buffer.from(credentials).toString("base64");

/** Starts the server. `expect` sets the next request and its reply. */
export async function strictServer() {
  const expected = [];
  const problems = [];
  const server = createServer(async (incoming, response) => {
    let body = "";
    for await (const piece of incoming.setEncoding("utf8")) body += piece;
    const headers = Object.entries(incoming.headers).filter(([name]) => !OF_THE_CLIENT.test(name));
    const asked = { method: incoming.method, url: incoming.url, headers: Object.fromEntries(headers), body };
    const { request, reply } = expected.shift() ?? { request: "no request" };
    try {
      if (typeof request == "function") request(asked);
      else assert.deepEqual(asked, { method: "POST", url: "/token", headers: FORM, ...request });
    } catch (error) {
      problems.push(error);
      return response.writeHead(418).end();
    }
    const { status = 200, type = "application/json", body: answer = reply } = reply.body ? reply : {};
    response.writeHead(status, { "content-type": type });
    response.end(typeof answer == "string" ? answer : JSON.stringify(answer));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    expect: (...exchanges) => expected.push(...exchanges),
    /** Asserts that all expected requests arrived, and no other. */
    check() {
      const left = expected.splice(0).length;
      if (problems.length) throw problems.splice(0)[0];
      assert.equal(left, 0, "requests that did not come");
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A session at that server, with only a refresh token unless `tokens` has more. */
export function strictSession(server, { path = "/token", tokens, ...options } = {}) {
  const storage = memoryStorage();
  const refresher = createRefresher({
    token_endpoint: server.origin + path,
    tokens: tokens === undefined ? { refresh_token: "R.6Hw3-of-this/+ é" } : tokens,
    retries: 0,
    timeoutSeconds: 5,
    storage,
    ...options,
  });
  return { refresher, storage };
}

/** The same refresh token in a form, a query and a path. */
export const IN_FORM = "R.6Hw3-of-this%2F%2B+%C3%A9";
export const IN_PATH = "R.6Hw3-of-this%2F%2B%20%C3%A9";

export const fresh = (more) => ({
  access_token: "A.5Tz9-that-is-fresh",
  token_type: "Bearer",
  expires_in: 3600,
  ...more,
});

// --- replies ----------------------------------------------------------------------------------------------------------------------

export const NOW = () => Date.now() / 1000;
export const FIRST = "R.9Qp7-of-the-login";
export const NEXT = "R.9Qp7-of-the-reply";
export const ACCESS = "A.4Yk2-of-the-reply";

/** The simplest refresh. */
export const asks = (refresh_token) => ({
  headers: FORM,
  body: `grant_type=refresh_token&refresh_token=${refresh_token}`,
});
export const bare = { access_token: ACCESS, refresh_token: NEXT, token_type: "Bearer", expires_in: 3600 };
export const without = (name) => Object.fromEntries(Object.entries(bare).filter(([own]) => own !== name));
export const form = (members) => ({ body: new URLSearchParams(members).toString(), type: "text/html" });
export const text = (body, type = "text/plain") => ({ body, type });
