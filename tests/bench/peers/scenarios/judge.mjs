// How a scenario is played and judged.

import { Stage, realNow, sleep } from "../stage.mjs";

/** A criterion that does not hold. The message is the evidence. */
export class Missed extends Error {}
/** This client has no place for it. */
export class NotApplicable extends Error {}

export function must(holds, evidence) {
  if (!holds) throw new Missed(evidence);
}

/** `{ value }`, `{ error }` or `{ hung: true }`. */
export function settled(promise, limitMs = 4000) {
  const outcome = Promise.resolve(promise).then(
    (value) => ({ value }),
    (error) => ({ error: error ?? new Error("rejected with nothing") }),
  );
  return Promise.race([outcome, sleep(limitMs).then(() => ({ hung: true }))]);
}

/** An outcome in a few words. */
export function brief({ hung, error, value }) {
  if (hung) return "no answer in time";
  if (error) {
    const code = [error.code, typeof error.error === "string" ? error.error : undefined]
      .filter(Boolean)
      .join("/");
    const message = String(error.message ?? error).replace(/\s+/g, " ");
    return `rejects ${error.name ?? ""}${code ? ` ${code}` : ""}: ${message.slice(0, 80)}`;
  }
  return typeof value === "string"
    ? "gives a token"
    : `gives ${value instanceof Response ? value.status : value}`;
}

export function holds(session, refreshToken) {
  const stored = session.stored();
  return stored?.isHidden ? stored.hasRefreshToken : stored?.refresh_token === refreshToken;
}

export const secondsSince = (begun) => `${((realNow() - begun) / 1000).toFixed(1)} s`;

/** Whether a client has what a scenario needs: `session`, `exchange`, or what is listed in its `can`. */
export function isAble({ kind, can, never = [] }, { id, needs }) {
  const meets = (need) => (["session", "exchange"].includes(need) ? kind === need : can.includes(need));
  return needs.every(meets) && !never.includes(id);
}

/** One scenario on a stage of its own: `{ id, result: "pass" | "fail" | "error" | "none", evidence? }`. */
export async function play(scenario, client, stage = new Stage()) {
  const { id } = scenario;
  if (!isAble(client, scenario)) return { id, result: "none" };
  const restore = quietly(stage);
  try {
    return { id, result: "pass", evidence: (await scenario.play(client, stage)) ?? "" };
  } catch (error) {
    if (error instanceof NotApplicable) return { id, result: "none" };
    if (error instanceof Missed) return { id, result: "fail", evidence: error.message };
    return { id, result: "error", evidence: String(error?.stack ?? error).slice(0, 300) };
  } finally {
    await sleep(5);
    restore();
  }
}

/** Until the function that comes back is called, `fetch` is the stage's and the console is silent. */
function quietly(stage) {
  const before = { fetch: globalThis.fetch, now: Date.now };
  const levels = ["log", "info", "warn", "error", "trace"];
  const voices = levels.map((level) => console[level]);
  globalThis.fetch = stage.fetch;
  for (const level of levels) console[level] = () => {};
  return () => {
    globalThis.fetch = before.fetch;
    Date.now = before.now;
    levels.forEach((level, at) => (console[level] = voices[at]));
  };
}
