// The common part of the three document servers: a token endpoint, a protected resource, a log, a clock, faults.
// The specifics of each document are in go1.mjs, goto.mjs and vault.mjs.
//
// The documents do not mention CORS. The servers allow any origin, for the demo page.

import { faultPlan, sentStatus, underFault } from "./faults.mjs";
import { logEntry } from "./log.mjs";
import { Refusal, Violation } from "./strict.mjs";
import { documentTime, tokenBook } from "./tokens.mjs";
import { allowPages, answeredPreflight, bearerToken, listen, readBody, respond } from "./wire.mjs";

/**
 * `document`: name, tokenPath, resourcePrefix, resourcePath, and
 *   login(book) → the token reply of the original login
 *   refresh(request, book, entry) → the token reply, or throws Violation or Refusal
 *   resource(request, {live}, res) → answers; says whether access was granted
 */
export async function startDocumentServer(
  document,
  { port = 0, secondsPerHour = 3600, clock = () => Date.now() } = {},
) {
  const time = documentTime({ secondsPerHour, clock });
  const book = Object.assign(tokenBook(time), { seconds: time.seconds });
  const requests = [];
  const violations = [];
  const faults = faultPlan();

  const server = await listen(async (req, res) => {
    if (answeredPreflight(req, res)) return;
    allowPages(res);
    const { pathname, search } = new URL(req.url, "http://loopback");
    if (pathname.startsWith(document.resourcePrefix)) return useResource(req, res, search);
    return tokenRequest(req, res, pathname, search);
  }, port);

  const resource = { url: server.origin + document.resourcePath, accepted: 0, refused: 0 };

  async function tokenRequest(req, res, path, query) {
    const fault = faults.take();
    const entry = logEntry(requests, {
      atMs: time.nowMs(),
      client: document.name,
      fault: fault?.name ?? null,
    });
    await underFault(fault, req, res, async () => {
      const body = await readBody(req);
      const { method, headers, rawHeaders } = req;
      try {
        if (body === null) throw new Violation("The body is larger than 64 KiB.", document.requestSentence);
        const reply = document.refresh({ path, query, method, headers, rawHeaders, body }, book, entry);
        Object.assign(entry, { outcome: "granted", status: 200 });
        respond(res, 200, reply);
      } catch (error) {
        refuse(res, error, entry);
      }
    });
    if (entry.outcome === null) Object.assign(entry, { outcome: "fault", status: sentStatus(res) });
  }

  async function useResource(req, res, query) {
    await readBody(req);
    try {
      if (query.includes("access_token")) {
        throw new Violation("The access token is in the address.", document.bearerSentence);
      }
      if (req.method !== "GET" && req.method !== "POST") {
        throw new Violation("The method is neither GET nor POST.", document.bearerSentence);
      }
      const token = bearerToken(req);
      const { authorization } = req.headers;
      if (authorization !== undefined && authorization !== `Bearer ${token}`) {
        throw new Violation("The Authorization header is not Bearer and a token.", document.bearerSentence);
      }
      const isLive = token !== null && book.isAccessLive(token);
      resource[isLive ? "accepted" : "refused"] += 1;
      if (isLive) respond(res, 200, { ok: true, server: document.name });
      else document.refuseAccess(res, token !== null);
    } catch (error) {
      refuse(res, error, {});
    }
  }

  function refuse(res, error, entry) {
    if (!(error instanceof Violation || error instanceof Refusal)) throw error;
    const { status, error_description } = error;
    const outcome = error instanceof Violation ? "violation" : "refused";
    Object.assign(entry, { outcome, status, error: error.error });
    if (outcome === "violation") violations.push({ request: entry.number ?? null, error_description });
    respond(res, status, { error: error.error, error_description }, error.headers);
  }

  return {
    name: document.name,
    origin: server.origin,
    token_endpoint: server.origin + document.tokenPath,
    resource,
    requests,
    violations,
    faults,
    /** The token reply of the original login. */
    mint: () => document.login(book),
    passHours: time.passHours,
    /** Refuses every issued access token from now on, before its expiry. */
    rejectAccessTokens: book.rejectAccessTokens,
    /** Invalidates every issued token: an administrator ended the sessions. */
    endSessions: book.endSessions,
    close: server.close,
  };
}
