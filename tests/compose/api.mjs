// An API on loopback and its token endpoint, on one origin, with a log of their requests. Not a test by itself.

import { createServer } from "node:http";

const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Methods": "GET, POST, PUT",
  "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID",
  "Access-Control-Expose-Headers": "WWW-Authenticate",
};

/**
 * `answers`: the function that answers "METHOD /path" with a valid access token; other requests get `{}`. It gets the request and
 * returns a value for JSON, or writes to the response itself and returns undefined.
 */
export async function startApi(answers = {}) {
  const calls = [];
  const refreshes = [];
  const next = { statuses: [], refresh: undefined, refreshStatus: 200 };
  let count = 0;
  let good = new Set();
  let refresh_token;
  let isOver = false;

  const mint = () => {
    count++;
    const access_token = `at.${count}.${crypto.randomUUID()}`;
    good.add(access_token);
    refresh_token = `rt.${count}.${crypto.randomUUID()}`;
    return { access_token, refresh_token, token_type: "Bearer", expires_in: 3600 };
  };

  const server = createServer(async (req, res) => {
    const body = await whole(req);
    if (req.method === "OPTIONS") return res.writeHead(204, CORS).end();
    const { pathname } = new URL(req.url, "http://loopback");
    if (pathname === "/token") {
      await next.refresh;
      return send(res, ...refreshed(new URLSearchParams(String(body))));
    }
    const [scheme, token] = (req.headers.authorization ?? "").split(" ");
    const call = { method: req.method, url: req.url, headers: req.headers, body, status: 200 };
    calls.push(call);
    if (scheme !== "Bearer" || !good.has(token)) {
      call.status = 401;
      return send(res, 401, { error: "no" }, { "WWW-Authenticate": 'Bearer error="invalid_token"' });
    }
    const status = next.statuses.shift();
    if (status) {
      call.status = status;
      return send(res, status, { error: "not now" });
    }
    const answered = await answers[`${req.method} ${pathname}`]?.(call, res);
    if (!res.headersSent) send(res, call.status, answered ?? {});
  });

  function refreshed(parameters) {
    refreshes.push(parameters);
    if (next.refreshStatus !== 200) return [next.refreshStatus, { error: "temporarily_unavailable" }];
    if (isOver || parameters.get("refresh_token") !== refresh_token) return [400, { error: "invalid_grant" }];
    return [200, mint()];
  }

  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    server,
    origin,
    calls,
    refreshes,
    /** `statuses`: of the next calls with a valid token. `refresh`: a promise the token endpoint waits for; `refreshStatus`: its status. */
    next,
    accepts: (token) => good.has(token),
    login: mint,
    /** Revokes all issued access tokens; the session continues. */
    kill: () => void (good = new Set()),
    /** Revokes the refresh token too. */
    endSession: () => void ((good = new Set()), (isOver = true)),
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}

function send(res, status, value, headers) {
  res.writeHead(status, { ...CORS, "Content-Type": "application/json", ...headers });
  res.end(JSON.stringify(value));
}

async function whole(req) {
  const pieces = [];
  for await (const piece of req) pieces.push(piece);
  return Buffer.concat(pieces);
}
