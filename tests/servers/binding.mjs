// The package's fake authorization server behind a check of every member of every proof. It binds tokens to keys as RFC 9449 section 5
// requires, also a public client's refresh tokens. In memory, with its own `fetch`.

import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { claimsOf, proofChecker } from "./proof.mjs";

/** `options`: further options of the refresher; with a client_secret the client is confidential. */
export function bindingServer({ nonces, clock = Date.now }, options) {
  const server = fakeAuthorizationServer({ extras: { token_type: "DPoP" }, ...secretOf(options) });
  const proofs = proofChecker({ nonces, clock });
  const bound = new Map();
  const as = {
    server,
    proofs,
    said: [],
    algs: [],
    jkts: [],
    sent: [],
    jtis: [],
    assertions: [],
    elsewhere: [],
    requests: 0,
  };

  async function fetch(input, init) {
    const request = new Request(input, init);
    const proof = request.headers.get("dpop");
    if (request.url !== server.token_endpoint) return (as.elsewhere.push(proof), server.fetch(request));
    as.requests++;
    as.sent.push(proof);
    as.jtis.push(claimsOf(proof).jti);
    const parameters = new URLSearchParams(await request.clone().text());
    as.assertions.push(parameters.get("client_assertion"));
    if (as.renewBefore) proofs.renew();
    const date = new Date(clock()).toUTCString();
    const failed = as.fault?.(request) ?? refusal(proof, request, parameters, date);
    if (failed) return failed;
    const response = await server.fetch(request);
    const reply = await response.json();
    if (!response.ok) return (as.said.push(reply.error), Response.json(reply, { status: response.status }));
    as.said.push("granted");
    if (!options.client_secret) bound.set(reply.refresh_token, as.jkts.at(-1));
    const headers = as.nonceAfterSuccess ? { "dpop-nonce": proofs.renew() } : {};
    return Response.json(reply, { headers });
  }

  function refusal(proof, { method, url }, parameters, date) {
    try {
      const { jkt, alg } = proofs.check(proof, { method, url });
      const owner = bound.get(parameters.get("refresh_token"));
      as.jkts.push(jkt);
      as.algs.push(alg);
      if (!owner || owner === jkt) return undefined;
      as.said.push("invalid_grant");
      return Response.json({ error: "invalid_grant" }, { status: 400 });
    } catch (problem) {
      if (!problem.error) throw problem;
      as.said.push(problem.error);
      const headers = { date, ...(problem.nonce && { "dpop-nonce": problem.nonce }) };
      return Response.json({ error: problem.error }, { status: 400, headers });
    }
  }

  function login(jkt) {
    const tokens = server.login();
    if (jkt && !options.client_secret) bound.set(tokens.refresh_token, jkt);
    return tokens;
  }

  return Object.assign(as, { login, options: { ...server.options, ...options, fetch } });
}

const secretOf = ({ client_secret }) => (client_secret ? { client_secret } : {});
