// An application whose browser never sees a token: it has a cookie that names a session, the session is an object, and the object has
// the tokens.
//
//   GET  /login      to the authorization server, with PKCE (RFC 7636)
//   GET  /callback   back from there: the code becomes tokens, and they go into the session's object
//   ANY  /api/…      the API, with the access token attached by the object
//   POST /logout     the session ends here and, by revocation, there

import { RefreshError } from "oauth-refresher";
import { TokenVault } from "oauth-refresher/cloudflare";

export interface Env {
  VAULT: DurableObjectNamespace<Vault>;
  AUTHORIZATION_ENDPOINT: string;
  TOKEN_ENDPOINT: string;
  REVOCATION_ENDPOINT: string;
  CLIENT_ID: string;
  CLIENT_SECRET?: string;
  SCOPE: string;
  API: string;
}

export class Vault extends TokenVault<Env> {
  override options(env: Env) {
    return {
      token_endpoint: env.TOKEN_ENDPOINT,
      revocation_endpoint: env.REVOCATION_ENDPOINT,
      client_id: env.CLIENT_ID,
      ...(env.CLIENT_SECRET && { client_secret: env.CLIENT_SECRET }),
      origins: [env.API],
    };
  }

  /** An exception that leaves an object is logged as uncaught; a session that is signed out is no fault. */
  override async fetch(request: Request): Promise<Response> {
    try {
      return await super.fetch(request);
    } catch (error) {
      if (!(error instanceof RefreshError)) throw error;
      return new Response(`${error.code}\n`, { status: error.loginRequired ? 401 : 503 });
    }
  }
}

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname === "/login") return login(url, env);
    if (url.pathname === "/callback") return callback(request, url, env);
    const session = cookie(request, SESSION);
    if (!session) return new Response("Sign in at /login\n", { status: 401 });
    const vault = env.VAULT.getByName(session);
    if (url.pathname === "/") return new Response("You are signed in: ask the API at /api/…\n");
    if (url.pathname === "/logout" && isOurs(request, url)) return logout(vault);
    if (url.pathname.startsWith("/api/")) return callApi(request, url, vault, env);
    return new Response("Not found\n", { status: 404 });
  },
} satisfies ExportedHandler<Env>;

/** The prefix keeps the cookies to this host and to https; on a loopback host browsers take it too. */
const SESSION = "__Host-session";
const LOGIN = "__Host-login";
const FIVE_MINUTES_S = 300;

async function login(url: URL, env: Env): Promise<Response> {
  const [state, verifier] = [random(), random()];
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const target = new URL(env.AUTHORIZATION_ENDPOINT);
  target.search = new URLSearchParams({
    response_type: "code",
    client_id: env.CLIENT_ID,
    redirect_uri: `${url.origin}/callback`,
    scope: env.SCOPE,
    state,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  }).toString();
  return redirect(target.href, [[LOGIN, `${state}.${verifier}`, FIVE_MINUTES_S]]);
}

async function callback(request: Request, url: URL, env: Env): Promise<Response> {
  const [state, verifier] = cookie(request, LOGIN)?.split(".") ?? [];
  const code = url.searchParams.get("code");
  if (!code || !state || !verifier || url.searchParams.get("state") !== state)
    return new Response("This login was not begun here. Try again at /login\n", { status: 400 });
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    code,
    redirect_uri: `${url.origin}/callback`,
    code_verifier: verifier,
    client_id: env.CLIENT_ID,
    ...(env.CLIENT_SECRET && { client_secret: env.CLIENT_SECRET }),
  });
  const reply = await fetch(env.TOKEN_ENDPOINT, { method: "POST", body });
  if (!reply.ok) return new Response("The authorization server refused the code.\n", { status: 502 });
  // a name of its own for each login: the old name is worth nothing
  const session = random();
  await env.VAULT.getByName(session).setTokens(await reply.json());
  return redirect("/", [
    [SESSION, session, undefined],
    [LOGIN, "", 0],
  ]);
}

async function callApi(
  request: Request,
  url: URL,
  vault: DurableObjectStub<Vault>,
  env: Env,
): Promise<Response> {
  if (request.method !== "GET" && !isOurs(request, url))
    return new Response("Not from here\n", { status: 403 });
  const headers = new Headers(request.headers);
  headers.delete("cookie");
  const target = new URL(url.pathname.slice("/api".length) + url.search, env.API);
  return vault.fetch(new Request(target, new Request(request, { headers })));
}

async function logout(vault: DurableObjectStub<Vault>): Promise<Response> {
  await vault.signOut({ revoke: true });
  return redirect("/", [[SESSION, "", 0]]);
}

/** A form of another site may post here with our cookies; browsers say where it came from. */
const isOurs = (request: Request, url: URL) =>
  request.method !== "GET" && request.headers.get("origin") === url.origin;

function cookie(request: Request, name: string): string | undefined {
  const pairs = (request.headers.get("cookie") ?? "").split("; ").map((pair) => pair.split("="));
  return pairs.find(([key]) => key === name)?.[1];
}

function redirect(location: string, cookies: [string, string, number | undefined][]): Response {
  const response = new Response(null, { status: 303, headers: { location } });
  for (const [name, value, maxAge] of cookies) {
    const age = maxAge === undefined ? "" : `; Max-Age=${maxAge}`;
    response.headers.append("set-cookie", `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax${age}`);
  }
  return response;
}

const random = () => base64url(crypto.getRandomValues(new Uint8Array(24)));

const base64url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
