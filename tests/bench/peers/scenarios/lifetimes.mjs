// Lifetimes and clocks, and time in which nothing runs.

import { realNow, sleep } from "../stage.mjs";
import { brief, must, NotApplicable, settled } from "./judge.mjs";

const DAY_MS = 86_400_000;
/** How long a client idles while its background is watched. */
const IDLE_MS = 400;

export const LIFETIMES = [
  usable("expires-in-text", 'expires_in "3600", a string', "3600", []),
  usable("expires-in-fraction", "expires_in 3599.7", 3599.7, []),
  usable("expires-in-absent", "no expires_in", undefined, []),
  usable("expires-in-null", "expires_in null", null, []),
  usable("expires-in-60-days", "expires_in of 60 days, more than a timer holds", 60 * 86_400),
  usable("expires-in-1e20", "expires_in 1e20", 1e20),
  usable("expires-in-20", "expires_in 20, shorter than a usual lead", 20),
  quiet("expires-in-0", "expires_in 0", 0),
  quiet("expires-in-negative", "expires_in -5", -5),
  {
    id: "expires-in-milliseconds",
    needs: ["session", "background"],
    title: "tokens that live for 50 ms, a background refresh, and no caller for 2 s",
    criterion: "3 requests at most",
    async play(client, stage) {
      const session = await client.open(stage, { background: true });
      stage.otherwise = { tokens: { expires_in: 0.05 } };
      await settled(session.get(), 8000);
      const before = stage.requests.length;
      await sleep(2000);
      session.close?.();
      must(stage.requests.length - before <= 3, `${stage.requests.length - before} requests`);
      return `${stage.requests.length - before} requests`;
    },
  },
  {
    id: "clock-behind",
    needs: ["session"],
    title: "a device whose clock is a day behind",
    criterion: "one request, and two calls get its token",
    async play(client, stage) {
      Date.now = () => realNow() - DAY_MS;
      const session = await client.open(stage);
      const first = await settled(session.get(), 8000);
      const second = await settled(session.get(), 8000);
      session.close?.();
      must(
        first.value && second.value && stage.requests.length === 1,
        `${stage.requests.length} requests; ${brief(second)}`,
      );
    },
  },
  {
    id: "clock-was-ahead",
    needs: ["session"],
    title: "a token of an hour, stored while the clock was two days ahead",
    criterion: "it is refreshed, and not handed out for two days",
    async play(client, stage) {
      Date.now = () => realNow() + 2 * DAY_MS;
      let session = await client.open(stage, { secondsLeft: 3600 });
      if (!session.stored()?.isHidden) await settled(session.get(), 3000);
      Date.now = realNow;
      if (client.can.includes("shared")) session = await client.open(stage);
      const outcome = await settled(session.get(), 8000);
      must(
        outcome.value && stage.requests.length === 1,
        `${stage.requests.length} requests; ${brief(outcome)}`,
      );
    },
  },
  {
    id: "clock-jumps",
    needs: ["session"],
    title: "the clock jumps a day ahead while a session is used, and back",
    criterion: "every call gets a token, with 2 requests at most",
    async play(client, stage) {
      const session = await client.open(stage, { secondsLeft: 1800 });
      const outcomes = [];
      for (const jump of [0, DAY_MS, DAY_MS, 0, 0]) {
        Date.now = () => realNow() + jump;
        outcomes.push(await settled(session.get(), 8000));
      }
      session.close?.();
      const missed = outcomes.find(({ value }) => !value);
      must(
        !missed && stage.requests.length <= 2,
        `${stage.requests.length} requests; ${missed ? brief(missed) : ""}`,
      );
      return `${stage.requests.length} requests`;
    },
  },
  {
    id: "blocked-loop",
    needs: [],
    title:
      "the event loop is blocked for 2.5 s while the reply arrives (timeout of 1 s, where one can be set)",
    criterion: "the caller gets the token of that reply",
    async play(client, stage) {
      if (client.kind === "interceptor") throw new NotApplicable();
      const session = await client.open(stage, { timeoutSeconds: 1 });
      stage.delayMs = 60;
      const call = settled(session.get(), 12_000);
      while (!stage.requests.length) await sleep(1);
      const until = realNow() + 2500;
      while (realNow() < until);
      const outcome = await call;
      must(
        outcome.value === stage.current.access_token && stage.requests.length === 1,
        `${stage.requests.length} requests; ${brief(outcome)}`,
      );
    },
  },
  {
    id: "offline-hint",
    needs: ["session"],
    title: "navigator.onLine is false while the network works",
    criterion: "the caller gets a token",
    async play(client, stage) {
      const restore = offline();
      try {
        const session = await client.open(stage);
        const outcome = await settled(session.get(), 12_000);
        session.close?.();
        must(
          outcome.value === stage.current.access_token,
          `${stage.requests.length} requests; ${brief(outcome)}`,
        );
      } finally {
        restore();
      }
    },
  },
];

/** A client whose server gives tokens of that lifetime, after one call. */
async function after(client, stage, expires_in) {
  const session = await client.open(stage, { background: client.can.includes("background") });
  stage.otherwise = { tokens: { expires_in } };
  const outcome = await settled(session.get(), 8000);
  must(outcome.value === stage.current.access_token || stage.requests.length > 1, brief(outcome));
  await sleep(150);
  const before = stage.requests.length;
  await sleep(IDLE_MS);
  return { session, idle: stage.requests.length - before };
}

function usable(id, title, expires_in, needs = ["session"]) {
  return {
    id,
    needs,
    title,
    criterion: "the token is given out, 5 more calls send nothing, nor does the background",
    async play(client, stage) {
      if (client.kind === "interceptor") throw new NotApplicable();
      const { session, idle } = await after(client, stage, expires_in);
      const before = stage.requests.length;
      let outcome;
      for (let call = 0; call < 5; call++) outcome = await settled(session.get(), 4000);
      session.close?.();
      must(idle === 0, `${idle} requests in ${IDLE_MS} ms of idling`);
      must(outcome.value, `later ${brief(outcome)}`);
      must(stage.requests.length === before, `${stage.requests.length - before} requests in 5 more calls`);
    },
  };
}

function quiet(id, title, expires_in) {
  return {
    id,
    needs: ["session"],
    title,
    criterion: "the caller gets the token, and the background sends one request at most",
    async play(client, stage) {
      const { session, idle } = await after(client, stage, expires_in);
      session.close?.();
      must(idle <= 1, `${idle} requests in ${IDLE_MS} ms of idling`);
    },
  };
}

/** Node 20 has no navigator. */
function offline() {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  const navigator = globalThis.navigator ?? {};
  Object.defineProperty(navigator, "onLine", { value: false, configurable: true });
  if (!before)
    Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true, writable: true });
  return () => {
    delete navigator.onLine;
    if (!before) delete globalThis.navigator;
  };
}
