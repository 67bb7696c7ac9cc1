// A resource server on loopback that accepts only DPoP (RFC 9449 section 7), compares every member of every proof with the request,
// and logs its requests. A path is scripted by name: `api.answers.name = (req, res) => …`.

import { ProofError, proofChecker } from "./proof.mjs";
import { allowPages, listen, readBody, respond } from "./wire.mjs";

/** `accepts(token)`: the thumbprint that a live access token is bound to. `nonces`, `clock`: as in proofChecker. */
export async function startDPoPApi({ accepts, nonces = false, clock = Date.now } = {}) {
  const proofs = proofChecker({ nonces, clock });
  const api = { proofs, calls: [], answers: {}, challenge: (error) => `DPoP error="${error}", algs="ES256"` };

  const server = await listen(async (req, res) => {
    allowPages(res);
    res.setHeader("Access-Control-Allow-Headers", req.headers["access-control-request-headers"] ?? "*");
    res.setHeader("Access-Control-Expose-Headers", "WWW-Authenticate, DPoP-Nonce, Date");
    res.setHeader("Date", new Date(clock()).toUTCString());
    if (req.method === "OPTIONS") return respond(res, 204, "");
    const { pathname, searchParams } = new URL(req.url, server.origin);
    const { authorization, dpop } = req.headers;
    const call = { method: req.method, path: pathname, authorization, dpop, body: await readBody(req) };
    api.calls.push(call);
    res.once("finish", () => (call.status = res.statusCode));
    const answer = api.answers[pathname.slice(1)];
    if (answer) return answer(req, res);
    if (pathname.startsWith("/open")) return respond(res, 200, { open: true });
    if (!isProved(req, res, server.origin + pathname)) return;
    if (searchParams.has("to")) return respond(res, 307, "", { Location: searchParams.get("to") });
    respond(res, 200, { ok: true, body: call.body });
  });

  function isProved(req, res, url) {
    const { authorization = "", dpop } = req.headers;
    const [, access_token] = /^DPoP ([\w.~+/-]+=*)$/.exec(authorization) ?? []; // this server is case-sensitive
    if (!access_token) return (refuse(res, "DPoP"), false);
    try {
      const { jkt } = proofs.check(dpop, { method: req.method, url, access_token });
      const owner = accepts(access_token);
      if (owner === jkt) return true;
      return (refuse(res, api.challenge("invalid_token")), false);
    } catch (problem) {
      if (!(problem instanceof ProofError)) throw problem;
      return (refuse(res, api.challenge(problem.error), problem.nonce), false);
    }
  }

  function refuse(res, challenges, nonce) {
    if (nonce) res.setHeader("DPoP-Nonce", nonce);
    if (challenges) res.setHeader("WWW-Authenticate", challenges);
    respond(res, 401, {});
  }

  return Object.assign(api, { origin: server.origin, close: server.close });
}
