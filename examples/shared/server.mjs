// The servers of the examples, on loopback: an authorization server with a login page, and an API. Made of the package's own fake.

import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";

/** `fakeAuthorizationServer` is that of oauth-refresher/testing, as the example has it installed. */
export async function startServer({ fakeAuthorizationServer, accessTokenSeconds }) {
  const codes = new Map(); // code → what was asked for at the authorization endpoint
  const server = createServer((request, response) =>
    answer(request, response).catch((error) => {
      console.error(error);
      response.writeHead(500).end();
    }),
  );
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const token_endpoint = `${origin}/token`;
  const fake = fakeAuthorizationServer({
    token_endpoint,
    revocation_endpoint: `${origin}/revoke`,
    accessTokenSeconds,
  });

  async function answer(request, response) {
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Access-Control-Allow-Headers", "Authorization, Content-Type");
    response.setHeader("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After");
    if (request.method === "OPTIONS") return response.writeHead(204).end();
    const url = new URL(request.url, origin);
    if (url.pathname === "/authorize") return loginPage(url, response);
    if (url.pathname === "/agree") return agreed(url, response);
    const body = await buffer(request);
    const form = new URLSearchParams(body.toString());
    if (form.get("grant_type") === "authorization_code") return exchanged(form, response);
    const { method, headers } = request;
    const sent = new Request(url, { method, headers, ...(body.length && { body }) });
    const reply = await fake.fetch(sent);
    response.writeHead(reply.status, Object.fromEntries(reply.headers)).end(await reply.text());
  }

  function loginPage({ search }, response) {
    response.setHeader("Content-Type", "text/html");
    response.end(
      `<!doctype html><title>Sign in</title><link rel="icon" href="data:,"><h1>The authorization server</h1><a id="agree" href="/agree${search}">Sign in as Ada</a>`,
    );
  }

  function agreed({ searchParams }, response) {
    const code = randomUUID();
    codes.set(code, Object.fromEntries(searchParams));
    const back = new URL(searchParams.get("redirect_uri"));
    back.search = new URLSearchParams({ code, state: searchParams.get("state") }).toString();
    response.writeHead(302, { Location: back.href }).end();
  }

  function exchanged(form, response) {
    const asked = codes.get(form.get("code"));
    codes.delete(form.get("code"));
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    const isRight = challenge === asked?.code_challenge && form.get("redirect_uri") === asked.redirect_uri;
    response.writeHead(isRight ? 200 : 400, { "Content-Type": "application/json" });
    response.end(JSON.stringify(isRight ? fake.login() : { error: "invalid_grant" }));
  }

  return {
    origin,
    token_endpoint,
    client_id: fake.client_id,
    login: fake.login,
    requests: fake.requests,
    endSessions: fake.revokeAll,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
