// An API on loopback that logs every request, with a rotating token endpoint. Sessions are separate, so that tests in any runtime can
// control their own session over HTTP: expire its token, script the reply of a path, and read the log.
//
//   POST /sessions                    → { id, tokens, token_endpoint, base }
//   POST /sessions/ID/tell            ← { dead?, diesAfter?, answers?, sameToken?, tokenFault?, tokenDelayMs? }
//   GET  /sessions/ID/log             → { tokens: number of token requests, calls: […] }
//   POST /sessions/ID/token           the token endpoint: strict, one-time refresh tokens
//   ANY  /sessions/ID/api/…           the API: 200 for the newest access token, else 401
//   ANY  /sessions/ID/open/…          the same without a token

import { createHash } from "node:crypto";
import { allowPages, listen, randomToken, respond } from "./wire.mjs";

const LARGEST_BODY_BYTES = 8 * 1024 * 1024;

export async function startApi() {
  const sessions = new Map();
  const server = await listen(async (req, res) => {
    allowPages(res);
    res.setHeader("Access-Control-Allow-Headers", req.headers["access-control-request-headers"] ?? "*");
    res.setHeader("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
    res.setHeader("Access-Control-Expose-Headers", "*, WWW-Authenticate, Location");
    if (req.method === "OPTIONS") return respond(res, 204, "");
    const body = await bytesOf(req);
    const url = new URL(req.url, server.origin);
    const [, , id, part] = url.pathname.split("/");
    if (!id) return respond(res, 200, created());
    const session = sessions.get(id);
    if (!session) return respond(res, 404, {});
    return parts[part](session, req, res, body, url);
  });

  function created() {
    const id = randomToken(6);
    const session = {
      id,
      number: 0,
      dead: false,
      answers: {},
      calls: [],
      tokenRequests: 0,
      refresh_token: "",
    };
    sessions.set(id, session);
    const base = `${server.origin}/sessions/${id}`;
    return { id, tokens: issued(session), token_endpoint: `${base}/token`, base };
  }

  const parts = {
    tell(session, req, res, body) {
      Object.assign(session, JSON.parse(body));
      respond(res, 200, {});
    },
    log: ({ calls, tokenRequests }, req, res) => respond(res, 200, { tokens: tokenRequests, calls }),
    token: tokenRequest,
    api: apiCall,
    open: apiCall,
  };
  return { origin: server.origin, close: server.close };
}

/** Access tokens contain their number, so that the log can name them by it. */
function issued(session) {
  if (!session.sameToken) session.access_token = `at-${++session.number}-${randomToken(18)}`;
  session.dead = false;
  session.refresh_token = randomToken(24);
  const { access_token, refresh_token } = session;
  return { access_token, refresh_token, token_type: "Bearer", expires_in: 3600 };
}

function tokenRequest(session, req, res, body) {
  session.tokenRequests += 1;
  if (session.tokenFault) return respond(res, session.tokenFault.status, session.tokenFault.body);
  const refresh_token = new URLSearchParams(body.toString()).get("refresh_token");
  if (refresh_token !== session.refresh_token) return respond(res, 400, { error: "invalid_grant" });
  const reply = issued(session);
  setTimeout(() => respond(res, 200, reply), session.tokenDelayMs ?? 0);
}

async function apiCall(session, req, res, body, { pathname, search, searchParams }) {
  const [, , , part, name = ""] = pathname.split("/");
  const { authorization, ...headers } = req.headers;
  const token = /^(?:Bearer|DPoP) (.*)$/i.exec(authorization ?? "")?.[1];
  const call = {
    method: req.method,
    path: pathname.split(`/${part}/`)[1],
    search,
    headers,
    // no token in the log: its number, or -1 for an unknown token
    token: token === undefined ? null : Number(/^at-(\d+)-/.exec(token)?.[1] ?? -1),
    scheme: authorization?.split(" ")[0],
    length: body.length,
    sha256: createHash("sha256").update(body).digest("hex"),
    text: body.length < 4096 ? body.toString("latin1") : undefined,
  };
  session.calls.push(call);
  res.once("finish", () => (call.status = res.statusCode));
  if (searchParams.has("delayMs"))
    await new Promise((resolve) => setTimeout(resolve, Number(searchParams.get("delayMs"))));
  if (searchParams.has("to"))
    return respond(res, Number(searchParams.get("status")), "", { Location: searchParams.get("to") });
  const scripted = session.answers[name];
  if (scripted) return answer(res, scripted);
  const isLive = token !== undefined && token === session.access_token && !session.dead;
  if (isLive && --session.diesAfter === 0) session.dead = true;
  if (part === "open" || isLive) return respond(res, 200, { ok: true, length: body.length });
  respond(res, 401, { refused: true }, { "WWW-Authenticate": 'Bearer error="invalid_token"' });
}

/** `{ status, fields: [[name, value], …], body }`: fields may be repeated. */
function answer(res, { status, fields = [], body = {} }) {
  for (const [name, value] of fields) res.appendHeader(name, value);
  respond(res, status, body);
}

async function bytesOf(req) {
  const chunks = [];
  let length = 0;
  for await (const chunk of req) {
    length += chunk.length;
    if (length > LARGEST_BODY_BYTES) throw new Error("a test sent more than 8 MiB");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
