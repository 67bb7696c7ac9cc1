// The wrapper of fetch: what happens after a 401, and where the access token goes.

import { sleep } from "../stage.mjs";
import { brief, must, settled } from "./judge.mjs";

const API = "https://api.example/x";

/** An API that refuses the token of the login, and takes every other. */
function refusesTheFirst(stage) {
  const { access_token } = stage.current;
  stage.api = ({ authorization }) =>
    authorization?.endsWith(access_token) ? stage.refusal() : stage.reply(200, {});
}

const shown = ({ value, ...outcome }) => value?.status ?? brief({ value, ...outcome });

export const REQUESTS = [
  {
    id: "api-401",
    needs: ["fetch"],
    title: "the API refuses a token before its time",
    criterion: "one refresh, one repetition, 200",
    async play(client, stage) {
      const session = await client.open(stage, { secondsLeft: 1800 });
      refusesTheFirst(stage);
      const outcome = await settled(session.fetch(API), 12_000);
      must(
        outcome.value?.status === 200 && stage.requests.length === 1,
        `${shown(outcome)}, ${stage.requests.length} refreshes`,
      );
    },
  },
  {
    id: "api-401-for-ever",
    needs: ["fetch"],
    title: "the API answers 401 for ever",
    criterion: "one refresh at most, and the caller gets the 401",
    async play(client, stage) {
      const session = await client.open(stage, { secondsLeft: 1800 });
      stage.api = () => stage.refusal();
      const outcome = await settled(session.fetch(API), 12_000);
      const bounded = stage.requests.length <= 1 && stage.calls.length <= 2;
      must(
        outcome.value?.status === 401 && bounded,
        `${shown(outcome)}, ${stage.requests.length} refreshes, ${stage.calls.length} calls`,
      );
    },
  },
  {
    id: "api-401-late",
    needs: ["fetch"],
    title: "three calls with one old token, whose 401s come before, during and after the refresh",
    criterion: "one refresh, and all get 200",
    async play(client, stage) {
      const session = await client.open(stage, { secondsLeft: 1800 });
      const { access_token } = stage.current;
      stage.delayMs = 30;
      stage.api = async ({ url, authorization }) => {
        if (!authorization?.endsWith(access_token)) return stage.reply(200, {});
        await sleep(Number(new URL(url).searchParams.get("ms")));
        return stage.refusal();
      };
      const calls = [10, 25, 120].map((ms) => settled(session.fetch(`${API}?ms=${ms}`), 12_000));
      const outcomes = await Promise.all(calls);
      const served = outcomes.every(({ value }) => value?.status === 200);
      must(
        served && stage.requests.length === 1,
        `${stage.requests.length} refreshes; ${outcomes.map(shown).join(", ")}`,
      );
    },
  },
  {
    id: "api-401-body",
    needs: ["fetch"],
    title: "a POST is repeated after a 401",
    criterion: "its body is the same",
    async play(client, stage) {
      const session = await client.open(stage, { secondsLeft: 1800 });
      refusesTheFirst(stage);
      const headers = { "Content-Type": "text/plain" };
      const outcome = await settled(
        session.fetch(API, { method: "POST", body: "milk=1&x", headers }),
        12_000,
      );
      const bodies = stage.calls.map(({ body }) => body).join(" | ");
      must(outcome.value?.status === 200 && bodies === "milk=1&x | milk=1&x", `${shown(outcome)}: ${bodies}`);
    },
  },
  {
    id: "api-foreign",
    needs: ["fetch"],
    title: "a request to an origin that is not the API's",
    criterion: "it gets no access token",
    async play(client, stage) {
      const session = await client.open(stage, { secondsLeft: 1800 });
      const { access_token } = stage.current;
      stage.api = () => stage.reply(200, {});
      const outcome = await settled(session.fetch("https://foreign.example/x"), 8000);
      must(
        !stage.calls.some(({ authorization }) => authorization?.includes(access_token)),
        "the access token was sent there",
      );
      return String(shown(outcome));
    },
  },
  {
    id: "api-403",
    needs: ["fetch"],
    title: "403 insufficient_scope",
    criterion: "no refresh, and the caller gets the 403",
    async play(client, stage) {
      const session = await client.open(stage, { secondsLeft: 1800 });
      stage.api = () => stage.reply(403, {}, { "WWW-Authenticate": 'Bearer error="insufficient_scope"' });
      const outcome = await settled(session.fetch(API), 8000);
      must(
        outcome.value?.status === 403 && !stage.requests.length,
        `${shown(outcome)}, ${stage.requests.length} refreshes`,
      );
    },
  },
  {
    id: "api-401-server-down",
    needs: ["fetch"],
    title: "401, and the refresh gets 503",
    criterion: "the caller gets the 401, or an error that says that a repetition can help",
    changed:
      "it first asked for the 401 alone, which callers take for a reason to log in; our own answer is the error since.",
    async play(client, stage) {
      const session = await client.open(stage, { secondsLeft: 1800 });
      refusesTheFirst(stage);
      stage.otherwise = { status: 503, body: {} };
      const outcome = await settled(session.fetch(API), 15_000);
      must(outcome.value?.status === 401 || outcome.error?.retryable === true, String(shown(outcome)));
      return String(shown(outcome));
    },
  },
  {
    id: "api-401-other-person",
    needs: ["fetch", "login"],
    title: "another person logs in while a call is under way, and its 401 comes after that",
    criterion: "the call is not repeated as that person",
    async play(client, stage) {
      const session = await client.open(stage, { secondsLeft: 1800 });
      const theirs = "the-access-token-of-another-person";
      stage.api = async ({ authorization }) => {
        if (authorization?.endsWith(theirs)) return stage.reply(200, {});
        await sleep(60);
        return stage.refusal();
      };
      const call = settled(session.fetch(API, { method: "POST", body: "transfer" }), 12_000);
      await sleep(20);
      stage.current = { access_token: theirs, refresh_token: "R9-of-another-person" };
      await session.login(stage.current);
      const outcome = await call;
      const asThem = stage.calls.some(({ authorization }) => authorization?.endsWith(theirs));
      must(!asThem && !stage.requests.length, `${shown(outcome)}; repeated as the other person`);
      return String(shown(outcome));
    },
  },
];
