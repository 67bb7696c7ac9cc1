// Many callers, and several instances on one storage.

import { realNow, sleep } from "../stage.mjs";
import { brief, holds, must, secondsSince, settled } from "./judge.mjs";

const UNAVAILABLE = { status: 503, body: { error: "temporarily_unavailable" } };

export const CALLERS = [
  {
    id: "callers-expired",
    needs: ["session"],
    title: "50 callers while the token is expired",
    criterion: "one request, and all get its token",
    async play(client, stage) {
      const session = await client.open(stage);
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => settled(session.get(), 8000)));
      const served = outcomes.filter(({ value }) => value === stage.current.access_token).length;
      must(
        stage.requests.length === 1 && served === 50,
        `${stage.requests.length} requests, ${served} of 50 served`,
      );
    },
  },
  {
    id: "callers-forced",
    needs: ["session", "force"],
    title: "10 forced refreshes at once",
    criterion: "one request, and all get its token",
    async play(client, stage) {
      const session = await client.open(stage, { secondsLeft: 1000 });
      const outcomes = await Promise.all(Array.from({ length: 10 }, () => settled(session.refresh(), 8000)));
      const served = outcomes.filter(({ value }) => value).length;
      must(
        stage.requests.length === 1 && served === 10,
        `${stage.requests.length} requests, ${served} of 10 served`,
      );
    },
  },
  {
    id: "callers-server-down",
    needs: ["session"],
    title: "50 callers, the server answers 503",
    criterion: "4 requests at most, and all settle",
    async play(client, stage) {
      const session = await client.open(stage);
      stage.otherwise = UNAVAILABLE;
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => settled(session.get(), 40_000)));
      const unsettled = outcomes.filter(({ hung, value }) => hung || value).length;
      must(
        stage.requests.length <= 4 && !unsettled,
        `${stage.requests.length} requests, ${unsettled} not refused`,
      );
      return `${stage.requests.length} requests`;
    },
  },
  {
    id: "storm",
    needs: ["session"],
    title: "20 calls, or 15 s of them, while the server answers 503",
    criterion: "8 requests at most",
    async play(client, stage) {
      const session = await client.open(stage, { timeoutSeconds: 5 });
      stage.otherwise = UNAVAILABLE;
      const begun = realNow();
      let calls = 0;
      for (; calls < 20 && realNow() - begun < 15_000; calls++) await settled(session.get(), 15_000);
      const evidence = `${stage.requests.length} requests in ${calls} calls, ${secondsSince(begun)}`;
      must(stage.requests.length <= 8, evidence);
      return evidence;
    },
  },
  {
    id: "two-instances",
    needs: ["session", "shared"],
    title: "two instances on one storage ask at once, one-time tokens",
    criterion: "both get the token, and the new refresh token is stored",
    async play(client, stage) {
      const outcomes = await bothAsk(client, stage);
      const served = outcomes.every(({ value }) => value === stage.current.access_token);
      must(served, `${stage.requests.length} requests; ${outcomes.map(brief).join(" | ")}`);
      must(holds(outcomes.session, stage.current.refresh_token), "the new refresh token is not stored");
    },
  },
  {
    id: "two-instances-one-request",
    needs: ["session", "shared"],
    title: "the same",
    criterion: "and one request is sent",
    async play(client, stage) {
      await bothAsk(client, stage);
      must(stage.requests.length === 1, `${stage.requests.length} requests`);
    },
  },
  {
    id: "adopt",
    needs: ["session", "shared"],
    title: "another instance refreshed a moment ago, and this one asks",
    criterion: "it takes the new token from the storage and sends nothing",
    async play(client, stage) {
      const [session, other] = [await client.open(stage), await client.open(stage)];
      await settled(other.get());
      const before = stage.requests.length;
      const outcome = await settled(session.get(), 12_000);
      const more = stage.requests.length - before;
      must(outcome.value === stage.current.access_token && !more, `${more} more requests; ${brief(outcome)}`);
    },
  },
  {
    id: "caller-aborts",
    needs: ["abort"],
    title: "one of two callers aborts",
    criterion: "it rejects with its reason, the other gets the token; a session sends one request",
    async play(client, stage) {
      const session = await client.open(stage);
      stage.delayMs = 80;
      const controller = new AbortController();
      const calls = [settled(session.get({ signal: controller.signal })), settled(session.get())];
      await sleep(10);
      const reason = new Error("the caller's own");
      controller.abort(reason);
      const [mine, others] = await Promise.all(calls);
      const enough = client.kind === "exchange" || stage.requests.length === 1;
      must(
        mine.error === reason && others.value && enough,
        `${brief(mine)} | ${brief(others)} | ${stage.requests.length} requests`,
      );
    },
  },
  {
    id: "listener-calls",
    needs: ["events"],
    title: "a listener awaits a call and a refresh",
    criterion: "no deadlock",
    async play(client, stage) {
      const session = await client.open(stage);
      let heard = false;
      const finished = new Promise((resolve) =>
        session.listen(async () => {
          if (heard) return;
          heard = true;
          await session.get();
          await session.refresh();
          resolve(true);
        }),
      );
      const outcome = await settled(session.get(), 8000);
      const listener = await settled(finished, 5000);
      session.close?.();
      must(
        outcome.value && listener.value,
        `the caller: ${brief(outcome)}; the listener: ${brief(listener)}`,
      );
    },
  },
  {
    id: "listener-throws",
    needs: ["events"],
    title: "a listener throws",
    criterion: "the caller gets the token all the same",
    async play(client, stage) {
      const session = await client.open(stage);
      session.listen(() => {
        throw new Error("the listener's own");
      });
      const outcome = await settled(session.get(), 8000);
      session.close?.();
      must(outcome.value, brief(outcome));
    },
  },
];

async function bothAsk(client, stage) {
  const [session, other] = [await client.open(stage), await client.open(stage)];
  const outcomes = await Promise.all([settled(session.get(), 12_000), settled(other.get(), 12_000)]);
  return Object.assign(outcomes, { session });
}
