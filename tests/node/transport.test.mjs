// The option `transport`: its arguments, the meaning of its failures, and the examples of docs/transport.md, unchanged.

import "../leaks/listener.mjs";
import { heard } from "../leaks/search.mjs";
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { test } from "node:test";
import { openRecipes } from "../compose/recipes.mjs";
import { granted, expiredSession, reasonOf, revocation_endpoint, token_endpoint } from "./asked.mjs";
import { leak, shown } from "./session.mjs";

const unasked = { fetch: () => assert.fail("what has a transport does not fetch") };

/** A session with that transport. */
const sessionOver = (transport, options) =>
  expiredSession(unasked, { client_id: "me", transport, ...options });

test("a transport is handed the request as it would be sent, shaped and authenticated", async () => {
  const requests = [];
  const { refresher, refresh_token } = sessionOver(
    async (request) => {
      requests.push([request, await request.clone().text()]);
      request.headers.set("x-signature", "1");
      return granted();
    },
    {
      client_id: "me",
      client_secret: "s3cr3t-of-mine",
      parameters: { tenant: "t" },
      headers: { "x-own": () => "own" },
      request: {
        method: "PUT",
        body: "json",
        names: { refresh_token: "refreshToken" },
        place: { tenant: "query" },
      },
    },
  );
  await refresher.getAccessToken();
  const [[request, body]] = requests;
  assert.ok(request instanceof Request);
  assert.equal(request.url, `${token_endpoint}?tenant=t`);
  assert.equal(request.method, "PUT");
  assert.equal(request.redirect, "manual");
  assert.deepEqual(JSON.parse(body), { grant_type: "refresh_token", refreshToken: refresh_token });
  assert.equal(request.headers.get("authorization"), "Basic " + btoa("me:s3cr3t-of-mine"));
  assert.equal(request.headers.get("x-own"), "own");
  refresher.close();
});

test("a transport's response is read like the server's, and any attempt is a new request", async () => {
  const requests = [];
  const replies = [
    Response.json({ error: "temporarily_unavailable" }, { status: 429 }),
    granted({ team: "T" }),
  ];
  const { refresher } = sessionOver((request) => (requests.push(request), Promise.resolve(replies.shift())));
  assert.equal((await refresher.getTokens()).team, "T");
  assert.equal(new Set(requests).size, 2);
  refresher.close();
});

test("a transport is handed the options' fetch to send with, and the platform's where there is none", async () => {
  const sentBy = [];
  const own = async () => granted();
  const transport = async (request, fetch) => (
    sentBy.push(fetch),
    fetch === own ? fetch(request) : granted()
  );
  await sessionOver(transport, { fetch: own }).refresher.getAccessToken();
  await sessionOver(transport, { fetch: undefined }).refresher.getAccessToken();
  assert.deepEqual(sentBy, [own, globalThis.fetch]);
});

test("after an error of a transport, or a value that is no Response, the request may have reached the server: it is not retried", async () => {
  const refused = Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } });
  for (const [answer, words] of [
    [undefined, /transport must give a Response \(given: undefined\)/],
    [{ status: 200, ok: true }, /given: object/],
    ["text", /given: string/],
    [new Error("the signing key is away"), /the signing key is away/],
    [refused, /fetch failed/],
    [Object.assign(new Error("half"), { isUnsent: "yes" }), /half/],
  ]) {
    let calls = 0;
    const { refresher } = sessionOver(() => {
      calls++;
      if (answer instanceof Error) throw answer;
      return answer;
    });
    const error = await reasonOf(refresher.getAccessToken());
    assert.equal(error.code, "outcome_unknown", String(words));
    assert.equal(error.refreshTokenState, "unknown");
    assert.match(error.error_description, words);
    assert.equal(calls, 1);
    refresher.close();
  }
});

test("a transport that says that it sent nothing is asked again", async () => {
  let calls = 0;
  const { refresher } = sessionOver(() => {
    if (++calls == 1) throw Object.assign(new Error("the signing key is away"), { isUnsent: true });
    return Promise.resolve(granted());
  });
  await refresher.getAccessToken();
  assert.equal(calls, 2);
  refresher.close();
});

test("what a transport throws shows no secret", async () => {
  const { refresher, refresh_token } = sessionOver(async (request) => {
    throw new Error(`cannot send ${await request.text()}`);
  });
  heard.secret?.(refresh_token);
  const error = await reasonOf(refresher.getAccessToken());
  assert.match(error.error_description, /^cannot send /);
  assert.equal(leak(shown(error), [refresh_token]), undefined);
  refresher.close();
});

test("a transport has the time of a request, and its signal aborts then", async () => {
  let aborted = false;
  const { refresher } = sessionOver(
    ({ signal }) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => ((aborted = true), reject(signal.reason))),
      ),
    { timeoutSeconds: 0.2, retries: 0 },
  );
  const error = await reasonOf(refresher.getAccessToken());
  assert.equal(error.code, "unavailable");
  assert.equal(aborted, true);
  refresher.close();
});

test("a transport that ignores its signal delays no caller", { timeout: 30_000 }, async () => {
  const { refresher } = sessionOver(() => new Promise(() => {}), { timeoutSeconds: 0.2, retries: 0 });
  const error = await reasonOf(refresher.getAccessToken({ timeoutSeconds: 1 }));
  assert.match(error.code, /^(unavailable|outcome_unknown|timeout)$/);
  refresher.close();
});

test("a revocation does not go through the transport", async () => {
  const revoked = [];
  const server = { fetch: async (url, init) => (revoked.push([url, init.body]), new Response()) };
  const { refresher } = expiredSession(server, { client_id: "me", transport: async () => granted() });
  await refresher.getAccessToken();
  await refresher.signOut({ revoke: true });
  assert.equal(revoked.length, 1);
  assert.equal(revoked[0][0], revocation_endpoint);
});

// --- docs/transport.md ------------------------------------------------------------------------------------------------------------

/** A server on loopback that replies with `answer`. */
async function serverThat(t, answer) {
  const server = createServer((request, response) => {
    const [status, body] = answer(request);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => (server.closeAllConnections(), server.close()));
  return `http://127.0.0.1:${server.address().port}`;
}

test("the example of a signed request runs, three refreshes long", async (t) => {
  let renewed = 0;
  const server = await serverThat(t, ({ method, url, headers }) => {
    const sign = createHmac("sha256", "hmac-secret").update(headers.timestamp).digest("hex");
    const good =
      method == "POST" &&
      url == "/admin/oauth/token/refresh" &&
      headers.appkey == "key" &&
      headers.sign == sign;
    if (!good || Math.abs(Date.now() - headers.timestamp) > 10_000)
      return [200, { code: 401, message: "bad sign" }];
    const expireTime = new Date(Date.now() + 3_600_000).toISOString();
    return [200, { code: 200, data: { accessToken: `A.signed-${++renewed}`, expireTime } }];
  });
  const recipes = await openRecipes({ "https://shop.example": server }, "docs/transport.md");
  t.after(recipes.remove);
  const { signedSession } = await recipes.load("signed");
  const refresher = signedSession("key", "hmac-secret", "A.signed-0");
  for (const access_token of ["A.signed-1", "A.signed-2", "A.signed-3"]) {
    const tokens = await refresher.refresh();
    assert.equal(tokens.access_token, access_token);
    assert.ok(tokens.expires_at > Date.now() / 1000 + 3000);
  }
  refresher.close();
  const stranger = signedSession("key", "another-secret", "A.signed-0");
  const error = await reasonOf(stranger.refresh());
  assert.deepEqual([error.error, error.error_description], ["401", "bad sign"]);
  stranger.close();
});

test("the example of two steps keeps the tokens although the second step fails", async (t) => {
  let minted = 0;
  let logins = 0;
  const auth = await serverThat(t, () => [
    200,
    { access_token: `A.step-${++minted}`, refresh_token: `R.step-${minted}`, expires_in: 600 },
  ]);
  const rest = await serverThat(t, ({ url }) =>
    ++logins == 2 ? [503, {}] : [200, { BhRestToken: url.split("=")[1] }],
  );
  const addresses = { "https://auth.example": auth, "https://rest.example": rest };
  const recipes = await openRecipes(addresses, "docs/transport.md");
  t.after(recipes.remove);
  const { twoSteps } = await recipes.load("two-steps");
  const refresher = twoSteps("me", "s3cr3t-of-mine", "R.step-0");
  assert.deepEqual((await refresher.refresh()).session, { BhRestToken: "A.step-1" });
  assert.equal((await refresher.refresh()).access_token, "A.step-2");
  assert.deepEqual((await refresher.refresh()).session, { BhRestToken: "A.step-3" });
  refresher.close();
});
