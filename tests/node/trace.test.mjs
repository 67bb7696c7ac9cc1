// The option `trace`: each step of the machine, without a secret; printed, or kept for a bug report.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { traceBuffer, traceToConsole } from "oauth-refresher/trace";

/** One login and one refresh, traced. */
async function traced(trace) {
  const server = fakeAuthorizationServer();
  const login = server.login();
  const refresher = createRefresher({ ...server.options, trace, background: "never" });
  await refresher.setTokens(login);
  const tokens = await refresher.refresh();
  refresher.close();
  return { secrets: [login.access_token, login.refresh_token, tokens.access_token] };
}

test("a traced refresh shows its events, effects and phases in order", async () => {
  const steps = [];
  // The storage's hints come when they come.
  await traced((step) => step.event === "peerChanged" || steps.push(step));
  const events = steps.map(({ event }) => event);
  assert.deepEqual(events.slice(0, 3), ["adopted", "loaded", "saved"]);
  const refresh = steps.slice(events.indexOf("demanded"));
  assert.deepEqual(
    refresh.slice(0, 6).map(({ event, phase }) => `${event.replace("lockedHere", "locked")} ${phase}`),
    ["demanded lock", "locked re-read", "loaded mark", "saved send", "replied save", "saved idle"],
  );
  assert.match(refresh[0].effects.join(), /^lock \d+$/);
  assert.ok(refresh[5].effects.some((effect) => effect.startsWith("grant ")));
  assert.ok(refresh[5].effects.includes("notify token-changed"));
  for (const { at, generation } of steps) assert.ok(at > 1e9 && generation >= 0);
});

test("no step holds a secret", async () => {
  const steps = [];
  const { secrets } = await traced((step) => steps.push(step));
  const shown = steps.map((step) => `${step} ${JSON.stringify(step)}`).join("\n");
  for (const secret of secrets) assert.ok(!shown.includes(secret.slice(0, 12)), shown);
  assert.ok(
    steps.every((step) => !String(step).includes("\n")),
    "String(step) is one line",
  );
});

test("traceToConsole prints one line a step, with the time since the first", async () => {
  const lines = [];
  await traced(traceToConsole({ console: { debug: (line) => lines.push(line) }, label: "session" }));
  assert.match(lines[0], /^session \+0\.000 s {2}adopted 1 → .*\[\S+\]$/);
  for (const line of lines) assert.match(line, /^session \+\d+\.\d{3} s {2}\w+/);
});

test("traceBuffer keeps the last steps, for JSON and for people", async () => {
  const trace = traceBuffer(4);
  await traced(trace);
  assert.equal(trace.steps().length, 4);
  assert.equal(JSON.parse(JSON.stringify(trace)).length, 4);
  assert.equal(String(trace).split("\n").length, 4);
  trace.clear();
  assert.deepEqual(trace.steps(), []);
  assert.throws(() => traceBuffer(0), /whole number from 1/);
});
