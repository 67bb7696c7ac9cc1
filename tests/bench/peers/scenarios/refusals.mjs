// Replies that are no tokens: refusals, failures, other people's web pages.

import { realNow, sleep, strings } from "../stage.mjs";
import { brief, holds, must, NotApplicable, secondsSince, settled } from "./judge.mjs";

const WEB_PAGE = "<!doctype html><title>Log in to the wifi</title>";
const ENDED = {
  status: 400,
  body: { error: "invalid_grant", error_description: "revoked", code: "refresh_token_not_found" },
};
const names = (error, word) => strings(error).some((text) => word.test(text));

export const REFUSALS = [
  {
    id: "refusal-named",
    needs: [],
    title: "400 invalid_grant",
    criterion: "the error names it",
    async play(client, stage) {
      if (client.kind === "interceptor") throw new NotApplicable();
      const session = await client.open(stage);
      stage.otherwise = ENDED;
      const outcome = await settled(session.get(), 12_000);
      const isNamed =
        outcome.error &&
        names(outcome.error, /invalid_grant|refresh_token_not_found|interaction|session_ended/i);
      must(isNamed, brief(outcome));
      return brief(outcome);
    },
  },
  {
    id: "refusal-401-named",
    needs: [],
    title: "401 invalid_grant with a WWW-Authenticate header",
    criterion: "the error names it",
    async play(client, stage) {
      if (client.kind === "interceptor") throw new NotApplicable();
      const session = await client.open(stage);
      stage.otherwise = { ...ENDED, status: 401, headers: { "WWW-Authenticate": 'Basic realm="as"' } };
      const outcome = await settled(session.get(), 12_000);
      must(outcome.error && names(outcome.error, /invalid_grant|refresh_token_not_found/), brief(outcome));
      return brief(outcome);
    },
  },
  stops("refusal-stops", "400 invalid_grant, then 5 more calls", ENDED),
  stops("login-required-stops", "400 login_required (OpenID Connect), then 5 more calls", {
    status: 400,
    body: { error: "login_required", error_description: "the session at the provider is over" },
  }),
  {
    id: "refusal-forgotten",
    needs: ["session"],
    title: "after 400 invalid_grant",
    criterion: "the dead refresh token is no longer stored as good",
    async play(client, stage) {
      const session = await client.open(stage);
      const dead = stage.current.refresh_token;
      stage.otherwise = ENDED;
      await settled(session.get(), 12_000);
      must(!holds(session, dead) || session.isEnded?.(), "still stored as good");
    },
  },
  survives("busy-server", '400 invalid_grant "token request is already being processed" (Salesforce), once', {
    status: 400,
    body: { error: "invalid_grant", error_description: "token request is already being processed" },
  }),
  survives("wrong-client", "401 invalid_client", { status: 401, body: { error: "invalid_client" } }),
  survives("server-error", "500", { status: 500, body: { error: "server_error" } }),
  survives("too-many", "429", {
    status: 429,
    body: { error: "too_many_requests", code: "over_request_rate_limit" },
  }),
  survives("firewall", "403 with a firewall's web page", { status: 403, body: WEB_PAGE }),
  survives("page-400", "400 with a web page", { status: 400, body: WEB_PAGE }),
  survives("captive-portal", "200 with a captive portal's web page", { status: 200, body: WEB_PAGE }),
  survives("error-200", '200 {"error":"temporarily_unavailable"}', {
    status: 200,
    body: { error: "temporarily_unavailable" },
  }),
  survives("empty-200", "200 {}", { status: 200, body: {} }),
  survives("unreachable", "a network error", { unreachable: true }),
  rejects("exchange-captive-portal", "200 with a web page", { status: 200, body: WEB_PAGE }),
  rejects(
    "exchange-error-200",
    '200 {"error":"invalid_grant"}',
    { status: 200, body: { error: "invalid_grant" } },
    /invalid_grant/,
  ),
  rejects("exchange-empty-200", "200 {}", { status: 200, body: {} }),
  {
    id: "retry-after-kept",
    needs: ["session"],
    title: "429 with Retry-After: 30, and 5 more calls within a second",
    criterion: "one request in all",
    async play(client, stage) {
      const session = await client.open(stage);
      const body = { error: "slow_down", code: "over_request_rate_limit" };
      stage.otherwise = { status: 429, body, headers: { "Retry-After": "30" } };
      const outcome = await settled(session.get(), 20_000);
      const first = stage.requests.length;
      for (let call = 0; call < 5; call++) {
        await settled(session.get(), 5000);
        await sleep(100);
      }
      const later = stage.requests.length - first;
      must(first === 1 && later === 0, `${first} requests in the first call, ${later} in the next five`);
      return brief(outcome);
    },
  },
  {
    id: "retry-after-told",
    needs: [],
    title: "503 with Retry-After: 7",
    criterion: "the caller can read the seconds from the error",
    async play(client, stage) {
      const session = await client.open(stage);
      stage.otherwise = { status: 503, body: WEB_PAGE, headers: { "Retry-After": "7" } };
      const begun = realNow();
      const outcome = await settled(session.get?.() ?? Promise.reject(new NotApplicable()), 40_000);
      if (outcome.error instanceof NotApplicable) throw outcome.error;
      must(outcome.error, brief(outcome));
      const seconds = retryAfters(outcome.error).map(Number);
      must(
        seconds.some((value) => value >= 6 && value <= 8),
        brief(outcome),
      );
      return `after ${secondsSince(begun)}, ${stage.requests.length} requests`;
    },
  },
  {
    id: "early-refresh-fails",
    needs: ["session"],
    title: "500 while the access token is good for 9 s",
    criterion: "the caller gets that token, and it stays stored",
    async play(client, stage) {
      const session = await client.open(stage, { secondsLeft: 9 });
      const { access_token } = stage.current;
      stage.otherwise = { status: 500 };
      const outcome = await settled(session.get(), 40_000);
      must(outcome.value === access_token, brief(outcome));
      const stored = session.stored();
      must(
        stored?.isHidden || stored?.access_token === access_token,
        "the access token is not stored any more",
      );
      return `${stage.requests.length} requests`;
    },
  },
  {
    id: "forced-refresh-fails",
    needs: ["session", "force"],
    title: "a forced refresh gets 500 while the token is good",
    criterion: "the next call gets the stored token",
    async play(client, stage) {
      const session = await client.open(stage, { secondsLeft: 1800 });
      const { access_token } = stage.current;
      stage.otherwise = { status: 500 };
      await settled(session.refresh(), 15_000);
      const outcome = await settled(session.get(), 8000);
      must(outcome.value === access_token, brief(outcome));
    },
  },
];

function stops(id, title, reply) {
  return {
    id,
    needs: ["session"],
    title,
    criterion: "nothing more is sent: only a login helps",
    async play(client, stage) {
      const session = await client.open(stage);
      stage.otherwise = reply;
      await settled(session.get(), 12_000);
      const before = stage.requests.length;
      for (let call = 0; call < 5; call++) await settled(session.get(), 6000);
      must(stage.requests.length === before, `${stage.requests.length - before} more requests`);
    },
  };
}

/** One failure, then a server that works. */
function survives(id, title, reply) {
  return {
    id,
    needs: ["session"],
    title,
    criterion: "no token is given out, the refresh token is kept, and the next refresh works or is held back",
    async play(client, stage) {
      const session = await client.open(stage, id === "busy-server" ? { provider: "salesforce" } : {});
      const held = stage.current.refresh_token;
      stage.otherwise = reply;
      const begun = realNow();
      const outcome = await settled(session.get(), 40_000);
      must(!outcome.hung, "no answer in 40 s");
      must(outcome.error || outcome.value == null, `gives ${JSON.stringify(outcome.value)}`);
      must(holds(session, held), `the refresh token is gone; ${brief(outcome)}`);
      const evidence = `${stage.requests.length} requests, ${secondsSince(begun)}, ${brief(outcome)}`;
      stage.otherwise = { tokens: {} };
      const before = stage.requests.length;
      const next = await patiently(session);
      // a pause that the client keeps by itself loses nothing
      must(next.value || stage.requests.length === before, `kept, but then ${brief(next)}`);
      return evidence;
    },
  };
}

/** A refresh, asked for again for five seconds. */
async function patiently(session) {
  const begun = realNow();
  let outcome = await settled(session.refresh(), 12_000);
  while (!outcome.value && realNow() - begun < 5000) {
    await sleep(500);
    outcome = await settled(session.refresh(), 8000);
  }
  return outcome;
}

function rejects(id, title, reply, word) {
  return {
    id,
    needs: ["exchange"],
    title: `one exchange: ${title}`,
    criterion: word ? "it rejects and names the error" : "it rejects",
    async play(client, stage) {
      const session = await client.open(stage);
      stage.otherwise = reply;
      const outcome = await settled(session.get(), 12_000);
      must(outcome.error && (!word || names(outcome.error, word)), brief(outcome));
      return brief(outcome);
    },
  };
}

/** Whatever an error holds under a name like Retry-After. */
function retryAfters(value, depth = 0, seen = new Set()) {
  if (depth > 4 || !value || typeof value !== "object" || seen.has(value)) return [];
  seen.add(value);
  const headers = value instanceof Response ? value.headers : value;
  if (headers instanceof Headers) return [headers.get("retry-after")].filter(Boolean);
  return Reflect.ownKeys(value).flatMap((key) => {
    try {
      const found = retryAfters(value[key], depth + 1, seen);
      return /retry.?after/i.test(String(key)) ? [value[key], ...found] : found;
    } catch {
      return [];
    }
  });
}
