// Refusals of a resource server: which ones refuse the token, and that each token is refreshed once.

import { delay, equal, ok, reason } from "./world.mjs";

const field = (value) => ["WWW-Authenticate", value];

/** `[status, WWW-Authenticate fields, whether the token was refused]` */
const answers = {
  invalid_token: [401, [field('Bearer realm="a", error="invalid_token"')], true],
  "in any letter case": [401, [field('bEARER ERROR="invalid_token"')], true],
  "a bare Bearer": [401, [field("Bearer")], true],
  "a Bearer with a realm": [401, [field('Bearer realm="example"')], true],
  DPoP: [401, [field('DPoP error="invalid_token", algs="ES256"')], true],
  "beside others in one field": [401, [field('Basic realm="x, y", , Bearer error=invalid_token')], true],
  "beside others in several fields": [
    401,
    [field('Basic realm="x"'), field('Bearer error="invalid_token"')],
    true,
  ],
  "an escaped quote before": [401, [field('Basic realm="a\\"Bearer", Bearer error="invalid_token"')], true],
  "nothing to read": [401, [], true],
  insufficient_scope: [401, [field('Bearer error="insufficient_scope", scope="a"')], false],
  "insufficient_scope, 403": [403, [field('Bearer error="insufficient_scope", scope="a"')], false],
  "a stronger login": [
    401,
    [field('Bearer error="insufficient_user_authentication", acr_values="x"')],
    false,
  ],
  invalid_request: [400, [field('Bearer error="invalid_request"')], false],
  "Basic alone": [401, [field('Basic realm="Bearer"')], false],
  "Negotiate with a token": [401, [field("Negotiate oYGzMIGwoAMKAQE=")], false],
  403: [403, [], false],
  500: [500, [], false],
};

export const refusals = {
  async "a refused token is refreshed once, and the call is sent once more"({ session }) {
    const { refresher, url, tell, log } = await session();
    await tell({ dead: true });
    const response = await refresher.fetch(url("x"));
    equal([response.status, await response.json()], [200, { ok: true, length: 0 }]);
    const { tokens, calls } = await log();
    equal([tokens, calls.map(({ token }) => token)], [1, [1, 2]]);
  },

  async "only a refusal of the token causes a refresh"({ session }) {
    for (const [name, [status, fields, isRefused]] of Object.entries(answers)) {
      const { refresher, url, tell, log } = await session();
      await tell({ answers: { x: { status, fields, body: { name } } } });
      const response = await refresher.fetch(url("x"));
      equal([response.status, await response.json()], [status, { name }], name);
      const { tokens, calls } = await log();
      equal([tokens, calls.map(({ token }) => token)], isRefused ? [1, [1, 2]] : [0, [1]], name);
    }
  },

  async "a second refusal is the result"({ session }) {
    const { refresher, url, tell, log } = await session();
    await tell({ answers: { x: { status: 401, fields: [field("Bearer")], body: { still: "no" } } } });
    const response = await refresher.fetch(url("x"));
    equal([response.status, await response.json()], [401, { still: "no" }]);
    const { tokens, calls } = await log();
    equal([tokens, calls.length], [1, 2]);
  },

  async "a login as another person in between gives the first refusal, and that person's token is not sent"({
    session,
  }) {
    let login;
    const carried = async (...given) => {
      const response = await fetch(...given);
      if (response.status === 401) await login?.();
      return response;
    };
    const { refresher, url, tell, log } = await session({ fetch: carried });
    await tell({ dead: true });
    login = () => refresher.setTokens({ access_token: "of another person", expires_in: 3600 });
    const response = await refresher.fetch(url("x"), { method: "POST", body: "of the first person" });
    equal([response.status, await response.json()], [401, { refused: true }]);
    const { tokens, calls } = await log();
    equal([tokens, calls.length], [0, 1]);
    equal(await refresher.getAccessToken(), "of another person");
  },

  async "a session that has ended gives the first refusal, with its body"({ session }) {
    const { refresher, url, tell, log } = await session();
    await tell({ dead: true, tokenFault: { status: 400, body: { error: "invalid_grant" } } });
    const response = await refresher.fetch(url("x"));
    equal([response.status, await response.json()], [401, { refused: true }]);
    equal((await log()).calls.length, 1);
  },

  async "a refresh that was only unavailable rejects, and with keepRejectedResponse gives the refusal"({
    session,
  }) {
    const fault = { dead: true, tokenFault: { status: 503, body: { error: "temporarily_unavailable" } } };
    const rejecting = await session();
    await rejecting.tell(fault);
    const error = await reason(rejecting.refresher.fetch(rejecting.url("x")));
    equal([error.code, error.retryable], ["unavailable", true]);
    equal((await rejecting.log()).calls.length, 1);
    const keeping = await session({ keepRejectedResponse: true });
    await keeping.tell(fault);
    const response = await keeping.refresher.fetch(keeping.url("x"));
    equal([response.status, await response.json()], [401, { refused: true }]);
  },

  async "without a session the call rejects and nothing is sent"({ session }) {
    const { refresher, url, log } = await session();
    await refresher.signOut();
    equal((await reason(refresher.fetch(url("x")))).code, "signed_out");
    equal((await log()).calls, []);
  },

  async "a hundred refusals of one token cause one refresh"({ session }) {
    const { refresher, url, tell, log } = await session();
    await tell({ dead: true });
    const responses = await Promise.all(Array.from({ length: 100 }, () => refresher.fetch(url("x"))));
    ok(
      responses.every(({ status }) => status === 200),
      "every call is answered",
    );
    await Promise.all(responses.map((response) => response.arrayBuffer()));
    const { tokens, calls } = await log();
    equal([tokens, calls.filter(({ token }) => token === 2).length], [1, 100]);
  },

  async "a thousand requests whose token expires midway are each answered once"({ session }) {
    const { refresher, url, elsewhere, tell, log } = await session();
    await tell({ diesAfter: 300 });
    const call = async (number) => {
      const response = await refresher.fetch(url(`n${number}`), { method: "POST", body: `body ${number}` });
      return [response.status, (await response.json()).length];
    };
    const given = await Promise.all(Array.from({ length: 1000 }, (_, number) => call(number)));
    equal(
      given,
      Array.from({ length: 1000 }, (_, number) => [200, `body ${number}`.length]),
    );
    const { tokens, calls } = await log();
    const accepted = calls.filter(({ status }) => status === 200).map(({ text }) => text);
    equal([tokens, accepted.length, new Set(accepted).size], [1, 1000, 1000]);
    ok(calls.length > 1000, "some were refused and sent again");
    equal((await elsewhere.log()).calls, []);
  },

  async "a late refusal of an old token uses the newer one and causes no refresh"({ session }) {
    const { refresher, url, log } = await session();
    const late = refresher.fetch(url("late?delayMs=400"));
    await delay(100);
    await refresher.refresh();
    equal((await late).status, 200);
    const { tokens, calls } = await log();
    equal([tokens, calls.map(({ token }) => token)], [1, [1, 2]]);
  },

  async "in-flight calls survive a server that revokes the old token at each refresh"({ session }) {
    const { refresher, url, log } = await session();
    for (let round = 0; round < 3; round++) {
      const flying = Array.from({ length: 20 }, (_, i) => refresher.fetch(url(`f?delayMs=${i * 5}`)));
      await delay(50);
      await refresher.refresh();
      for (const response of await Promise.all(flying)) equal(response.status, 200);
    }
    equal((await log()).tokens, 3);
  },

  async "a token that its refresh returns again is not refreshed for each refusal"({ session }) {
    const { refresher, url, tell, log } = await session();
    await tell({ sameToken: true, answers: { x: { status: 401, fields: [field("Bearer")] } } });
    for (let call = 0; call < 5; call++) equal((await refresher.fetch(url("x"))).status, 401);
    equal((await log()).tokens, 1);
  },

  async "isTokenRejected decides, and may read the body that the caller reads too"({ session }) {
    const isTokenRejected = async (response) =>
      response.status === 403 && (await response.json()).message === "Invalid token";
    const { refresher, url, tell, log } = await session({ isTokenRejected });
    await tell({ answers: { x: { status: 403, body: { message: "Invalid token" } }, y: { status: 403, body: { message: "no" } } } }); // prettier-ignore
    const [x, y] = [await refresher.fetch(url("x")), await refresher.fetch(url("y"))];
    equal([await x.json(), await y.json()], [{ message: "Invalid token" }, { message: "no" }]);
    equal([(await log()).tokens, (await log()).calls.map(({ path }) => path)], [1, ["x", "x", "y"]]);
  },

  async "isTokenRejected gets a complete Response"({ session }) {
    let seen;
    const isTokenRejected = (response) => {
      seen = [response.status, response.ok, response.headers.get("content-type"), response.url];
      seen.push(response instanceof Response, typeof response.clone().json, response.bodyUsed);
      return false;
    };
    const { refresher, url } = await session({ isTokenRejected });
    await refresher.fetch(url("x"));
    equal(seen, [200, true, "application/json", url("x"), true, "function", false]);
  },

  async "an error of isTokenRejected reaches the caller"({ session }) {
    const isTokenRejected = async () => {
      throw new RangeError("mine");
    };
    const { refresher, url } = await session({ isTokenRejected });
    equal((await reason(refresher.fetch(url("x")))).message, "mine");
  },
};
