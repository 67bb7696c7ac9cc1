// What is done when a resource server refuses: which refusals are of the token, and that each token is refreshed once.

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
  async a_refused_token_is_refreshed_once_and_the_call_sent_once_more({ session }) {
    const { refresher, url, tell, log } = await session();
    await tell({ dead: true });
    const response = await refresher.fetch(url("x"));
    equal([response.status, await response.json()], [200, { ok: true, length: 0 }]);
    const { tokens, calls } = await log();
    equal([tokens, calls.map(({ token }) => token)], [1, [1, 2]]);
  },

  async only_a_refusal_of_the_token_leads_to_a_refresh({ session }) {
    for (const [name, [status, fields, isRefused]] of Object.entries(answers)) {
      const { refresher, url, tell, log } = await session();
      await tell({ answers: { x: { status, fields, body: { name } } } });
      const response = await refresher.fetch(url("x"));
      equal([response.status, await response.json()], [status, { name }], name);
      const { tokens, calls } = await log();
      equal([tokens, calls.map(({ token }) => token)], isRefused ? [1, [1, 2]] : [0, [1]], name);
    }
  },

  async a_second_refusal_is_the_answer({ session }) {
    const { refresher, url, tell, log } = await session();
    await tell({ answers: { x: { status: 401, fields: [field("Bearer")], body: { still: "no" } } } });
    const response = await refresher.fetch(url("x"));
    equal([response.status, await response.json()], [401, { still: "no" }]);
    const { tokens, calls } = await log();
    equal([tokens, calls.length], [1, 2]);
  },

  async a_refresh_that_fails_leaves_the_refusal_whole({ session }) {
    const failures = { 503: { error: "temporarily_unavailable" }, 400: { error: "invalid_grant" } };
    for (const [status, body] of Object.entries(failures)) {
      const { refresher, url, tell, log } = await session();
      await tell({ dead: true, tokenFault: { status: Number(status), body } });
      const response = await refresher.fetch(url("x"));
      equal([response.status, await response.json()], [401, { refused: true }], status);
      equal((await log()).calls.length, 1);
    }
  },

  async without_a_session_the_call_rejects_and_nothing_is_sent({ session }) {
    const { refresher, url, log } = await session();
    await refresher.signOut();
    equal((await reason(refresher.fetch(url("x")))).code, "signed_out");
    equal((await log()).calls, []);
  },

  async a_hundred_refusals_of_one_token_are_one_refresh({ session }) {
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

  async a_thousand_requests_whose_token_dies_in_the_middle_are_each_answered_once({ session }) {
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

  async a_late_refusal_of_an_old_token_takes_the_newer_one_and_refreshes_nothing({ session }) {
    const { refresher, url, log } = await session();
    const late = refresher.fetch(url("late?delayMs=400"));
    await delay(100);
    await refresher.refresh();
    equal((await late).status, 200);
    const { tokens, calls } = await log();
    equal([tokens, calls.map(({ token }) => token)], [1, [1, 2]]);
  },

  async calls_in_flight_survive_a_server_that_kills_the_old_token_at_each_refresh({ session }) {
    const { refresher, url, log } = await session();
    for (let round = 0; round < 3; round++) {
      const flying = Array.from({ length: 20 }, (_, i) => refresher.fetch(url(`f?delayMs=${i * 5}`)));
      await delay(50);
      await refresher.refresh();
      for (const response of await Promise.all(flying)) equal(response.status, 200);
    }
    equal((await log()).tokens, 3);
  },

  async a_token_that_its_refresh_brings_again_is_not_refreshed_for_each_refusal({ session }) {
    const { refresher, url, tell, log } = await session();
    await tell({ sameToken: true, answers: { x: { status: 401, fields: [field("Bearer")] } } });
    for (let call = 0; call < 5; call++) equal((await refresher.fetch(url("x"))).status, 401);
    equal((await log()).tokens, 1);
  },

  async is_token_rejected_decides_and_may_read_the_body_that_the_caller_reads_too({ session }) {
    const isTokenRejected = async (response) =>
      response.status === 403 && (await response.json()).message === "Invalid token";
    const { refresher, url, tell, log } = await session({ isTokenRejected });
    await tell({ answers: { x: { status: 403, body: { message: "Invalid token" } }, y: { status: 403, body: { message: "no" } } } }); // prettier-ignore
    const [x, y] = [await refresher.fetch(url("x")), await refresher.fetch(url("y"))];
    equal([await x.json(), await y.json()], [{ message: "Invalid token" }, { message: "no" }]);
    equal([(await log()).tokens, (await log()).calls.map(({ path }) => path)], [1, ["x", "x", "y"]]);
  },

  async is_token_rejected_sees_a_response_like_any_other({ session }) {
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

  async what_is_token_rejected_throws_reaches_the_caller({ session }) {
    const isTokenRejected = async () => {
      throw new RangeError("mine");
    };
    const { refresher, url } = await session({ isTokenRejected });
    equal((await reason(refresher.fetch(url("x")))).message, "mine");
  },
};
