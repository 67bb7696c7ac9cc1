// The client modules of the OpenID Foundation's conformance suite that test a refresh, transcribed: each module is a server that behaves
// like the original, and collects in `faults` what the original would fail the client for. Its issuer has a path and ends with a slash,
// as in the suite, and its metadata is only at the location of OpenID Connect.

import { assertionChecker } from "./assertion.mjs";
import { ProofError, proofChecker } from "./proof.mjs";
import { listen, randomToken, readBody, respond } from "./wire.mjs";

const OIDC = "oidcc-client-test-";
const FAPI = "fapi2-security-profile-final-client-";

/** The modules by their original names, and their difference from the happy path of their plan. */
export const MODULES = {
  [`${OIDC}refresh-token`]: {},
  [`${OIDC}refresh-token-invalid-issuer`]: { claims: ({ iss }) => ({ iss: `${iss}1` }), isInvalid: true },
  [`${OIDC}refresh-token-invalid-sub`]: { claims: ({ sub }) => ({ sub: `${sub}1` }), isInvalid: true },
  [`${OIDC}refresh-token-invalid-aud`]: { claims: ({ aud }) => ({ aud: `${aud}1` }), isInvalid: true },
  [`${OIDC}discovery-issuer-mismatch`]: {
    metadata: { issuer: "https://another-issuer.example/" },
    isMisnamed: true,
  },
  [`${FAPI}refresh-token-test`]: { dpop: true, refreshesWanted: 2 },
  [`${FAPI}test-happy-path`]: { dpop: true },
  [`${FAPI}test-happy-path-no-dpop-nonce`]: { dpop: true, nonces: false },
  [`${FAPI}test-token-type-case-insensitivity`]: { dpop: true, invertsType: true },
  [`${FAPI}test-token-endpoint-response-without-expires_in`]: { dpop: true, saysNoLifetime: true },
  [`${FAPI}test-rs-dpop-auth-scheme-case-insensitivity`]: { dpop: true, invertsScheme: true },
  [`${FAPI}test-discovery-issuer-mismatch`]: {
    dpop: true,
    metadata: { issuer: "https://another-issuer.example/" },
    isMisnamed: true,
  },
};

/** `client`: `{ client_id, key, alg }` of a client with private_key_jwt for FAPI 2, `{ client_id, client_secret }` for OpenID. */
export async function startConformance(name, client) {
  const module = { nonces: true, refreshesWanted: 0, ...MODULES[name] };
  const faults = [];
  const served = { metadata: 0, refreshes: 0, accepted: 0, resource: 0 };
  const server = await listen((req, res) => answer(req, res));
  const issuer = `${server.origin}/test/a/client/`;
  const nonces = Boolean(module.dpop && module.nonces);
  const proofs = { token: proofChecker({ nonces }), resource: proofChecker({ nonces }) };
  const assertions = module.dpop && assertionChecker({ issuer, ...client });
  let live = {};
  let isOver = false;

  async function answer(req, res) {
    const { pathname } = new URL(req.url, server.origin);
    const place = pathname.replace("/test/a/client/", "");
    if (place === ".well-known/openid-configuration") return describe(res);
    if (place === "token") return exchange(res, req, new URLSearchParams(await readBody(req)));
    if (place === "resource") return serve(req, res);
    respond(res, 404, {});
  }

  function describe(res) {
    served.metadata += 1;
    const methods = [module.dpop ? "private_key_jwt" : "client_secret_basic"];
    const metadata = {
      issuer,
      token_endpoint: `${issuer}token`,
      token_endpoint_auth_methods_supported: methods,
    };
    respond(res, 200, {
      ...metadata,
      dpop_signing_alg_values_supported: ["ES256", "PS256"],
      ...module.metadata,
    });
  }

  function exchange(res, req, parameters) {
    if (module.isMisnamed) faults.push("a token request after metadata that names another issuer");
    if (isOver) faults.push("a token request after a refresh response that is to be rejected");
    const wrong = authenticationFault(req, parameters);
    if (wrong) return (faults.push(wrong), respond(res, 401, { error: "invalid_client" }));
    const jkt = module.dpop && provedBy(req, res, "token", { method: "POST", url: `${issuer}token` }, 400);
    if (module.dpop && !jkt) return;
    if (module.dpop && jkt !== live.jkt) faults.push("another DPoP key than at the login");
    if (parameters.getAll("grant_type").join() !== "refresh_token") faults.push("grant_type");
    if (parameters.getAll("refresh_token").join() !== live.refresh_token) {
      faults.push("a refresh token that is not the one given out last");
      return respond(res, 400, { error: "invalid_grant" });
    }
    served.refreshes += 1;
    isOver = Boolean(module.isInvalid);
    respond(res, 200, issue(module.claims));
  }

  function authenticationFault(req, parameters) {
    if (assertions) return assertions.fault(parameters);
    const wanted = Buffer.from(`${client.client_id}:${client.client_secret}`).toString("base64");
    return req.headers.authorization === `Basic ${wanted}` ? undefined : "client_secret_basic";
  }

  function issue(other = () => ({})) {
    const iat = Math.floor(Date.now() / 1000);
    const claims = { iss: issuer, sub: "user-subject-1234531", aud: client.client_id, iat, exp: iat + 300 };
    live = { ...live, access_token: randomToken(), refresh_token: randomToken() };
    const { access_token, refresh_token } = live;
    return {
      access_token,
      refresh_token,
      token_type: module.dpop ? (module.invertsType ? inverted("DPoP") : "DPoP") : "Bearer",
      ...(!module.saysNoLifetime && { expires_in: 3600 }),
      id_token: jwt({ ...claims, ...other(claims) }),
    };
  }

  function serve(req, res) {
    served.resource += 1;
    if (module.isMisnamed || isOver) faults.push("a call of the API with a session that must not exist");
    const [, scheme = "", token] = /^(\S+) (\S+)$/.exec(req.headers.authorization ?? "") ?? [];
    if (scheme !== (module.dpop ? "DPoP" : "Bearer")) faults.push(`the scheme ${scheme}`);
    const request = { method: req.method, url: `${issuer}resource`, access_token: token };
    const jkt = module.dpop ? provedBy(req, res, "resource", request, 401) : undefined;
    if (module.dpop && !jkt) return;
    // 401 until that many refreshes
    if (token !== live.access_token || jkt !== live.jkt || served.refreshes < module.refreshesWanted)
      return respond(res, 401, {}, { "WWW-Authenticate": `${scheme} error="invalid_token"` });
    served.accepted += 1;
    respond(res, 200, { accounts: [] });
  }

  /** The thumbprint of the key, or nothing after a refusal. A request without the nonce is not a fault. */
  function provedBy(req, res, where, request, status) {
    try {
      return proofs[where].check(req.headers.dpop, request).jkt;
    } catch (problem) {
      if (!(problem instanceof ProofError)) throw problem;
      const { error, nonce, message } = problem;
      if (!nonce) faults.push(`the proof at ${where}: ${message}`);
      const scheme = module.invertsScheme ? inverted("DPoP") : "DPoP";
      respond(
        res,
        status,
        { error },
        {
          ...(nonce && { "DPoP-Nonce": nonce }),
          ...(where === "resource" && {
            "WWW-Authenticate": `${scheme} error="${error}", algs="ES256 PS256"`,
          }),
        },
      );
    }
  }

  return {
    issuer,
    faults,
    served,
    proofs,
    assertions,
    resource: `${issuer}resource`,
    /** The tokens of a login, bound to that key. */
    login(jkt) {
      live = { jkt };
      return issue();
    },
    close: server.close,
  };
}

/** With the case of every letter inverted. */
const inverted = (text) =>
  text.replace(/./g, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = (claims) => `${base64url({ alg: "PS256", kid: "1" })}.${base64url(claims)}.c2lnbmF0dXJl`;
