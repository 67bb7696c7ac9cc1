import * as oauth from "oauth4webapi";
import { refresher } from "./session.js";

const { VITE_SERVER: issuer, VITE_CLIENT_ID: client_id } = import.meta.env;
const server = { issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` };
const client = { client_id };
const redirect_uri = `${location.origin}/`;
const onLoopback = { [oauth.allowInsecureRequests]: true }; // plain http: for this example's server alone

export async function login() {
  const code_verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  sessionStorage.setItem("login", JSON.stringify({ code_verifier, state }));
  const code_challenge = await oauth.calculatePKCECodeChallenge(code_verifier);
  const asked = { client_id, redirect_uri, response_type: "code", scope: "offline_access", state };
  const parameters = new URLSearchParams({ ...asked, code_challenge, code_challenge_method: "S256" });
  location.assign(`${server.authorization_endpoint}?${parameters}`);
}

/** At the start of the page: the way back from the login, if this is one. */
export async function finishLogin() {
  const kept = sessionStorage.getItem("login");
  if (!kept || !new URLSearchParams(location.search).has("code")) return;
  sessionStorage.removeItem("login");
  const { code_verifier, state } = JSON.parse(kept);
  const parameters = oauth.validateAuthResponse(server, client, new URL(location.href), state);
  const reply = await oauth.authorizationCodeGrantRequest(
    ...[server, client, oauth.None(), parameters, redirect_uri, code_verifier, onLoopback],
  );
  await refresher.setTokens(await oauth.processAuthorizationCodeResponse(server, client, reply));
  history.replaceState(null, "", "/");
}
