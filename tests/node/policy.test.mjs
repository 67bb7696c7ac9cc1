// What the core decides and the driver only performs: which refusals ask the client again, and when a revocation is tried again.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { virtualTime } from "./virtual-time.mjs";

const TOKENS = { access_token: "first.access.token-Wd31", refresh_token: "first.refresh.token-Jt77" };
const GRANTED = { access_token: "second.access.token-Pf20", token_type: "Bearer", expires_in: 3600 };

let time;
afterEach(() => (time?.restore(), (time = undefined)));

for (const [where, body, response] of [
  ["error", { error: "invalid_client" }],
  ["error.code", { error: { code: "invalid_client" } }],
  ["error_code", { error_code: "invalid_client" }],
  ["the shape's own member", { fault: "invalid_client" }, { error: "fault" }],
  ["a nested member of the shape", { fault: { name: "invalid_client" } }, { error: "fault.name" }],
])
  test(`invalid_client in ${where} asks the secret's function again, once`, async () => {
    let asked = 0;
    const seen = [];
    const refresher = createRefresher({
      token_endpoint: "https://as.example/token",
      client_id: "me",
      client_secret: () => (asked++ ? "rotated-secret-Qw12" : "expired-secret-Lk98"),
      tokens: { ...TOKENS, expires_in: 1 },
      retries: 0,
      response,
      fetch: async (_, { headers }) => {
        seen.push(atob(new Headers(headers).get("authorization").slice(6)));
        return seen.at(-1) === "me:rotated-secret-Qw12"
          ? Response.json(GRANTED)
          : Response.json(body, { status: 401 });
      },
    });
    assert.equal((await refresher.refresh()).access_token, GRANTED.access_token);
    assert.deepEqual(seen, ["me:expired-secret-Lk98", "me:rotated-secret-Qw12"]);
    refresher.close();
  });

const rfc850 = (ms) => {
  const [, day, date, month, year, clock] = /^(\w+), (\d+) (\w+) \d\d(\d\d) (\S+)/.exec(
    new Date(ms).toUTCString(),
  );
  const days = {
    Sun: "Sunday",
    Mon: "Monday",
    Tue: "Tuesday",
    Wed: "Wednesday",
    Thu: "Thursday",
    Fri: "Friday",
    Sat: "Saturday",
  };
  return `${days[day]}, ${date}-${month}-${year} ${clock} GMT`;
};

for (const [what, field, seconds] of [
  ["seconds", () => "1", 1],
  ["a date of RFC 850", () => rfc850(Date.now() + 2000), 2],
  ["an IMF-fixdate", () => new Date(Date.now() + 2000).toUTCString(), 2],
  ["-1, which is no Retry-After", () => "-1"],
  ["0x1, which is no Retry-After", () => "0x1"],
  ["1e0, which is no Retry-After", () => "1e0"],
  ["a time beyond timeoutSeconds", () => "5"],
])
  test(`a revocation that gets 503 with ${what} is ${seconds ? "sent once more then" : "not sent again"}`, async () => {
    time = virtualTime();
    const at = [];
    const refresher = createRefresher({
      token_endpoint: "https://as.example/token",
      revocation_endpoint: "https://as.example/revoke",
      client_id: "me",
      timeoutSeconds: 5,
      tokens: { ...TOKENS, expires_in: 3600 },
      fetch: async () => {
        at.push(performance.now());
        return new Response("", at.length > 1 ? {} : { status: 503, headers: { "retry-after": field() } });
      },
    });
    await refresher.getAccessToken();
    const signedOut = refresher.signOut({ revoke: true });
    await time.pass(20_000);
    await signedOut;
    assert.equal(at.length, seconds ? 2 : 1);
    if (seconds) assert.ok(Math.abs(at[1] - at[0] - seconds * 1000) <= 1000, `${at[1] - at[0]} ms`);
    refresher.close();
  });

test("a lock gets the lease that the core gives: two requests and a minute", async () => {
  let lease;
  const refresher = createRefresher({
    token_endpoint: "https://as.example/token",
    client_id: "me",
    timeoutSeconds: 7.5,
    tokens: { ...TOKENS, expires_in: 1 },
    lock: (work, { leaseSeconds }) => ((lease = leaseSeconds), work()),
    fetch: async () => Response.json(GRANTED),
  });
  await refresher.refresh();
  assert.equal(lease, 75);
  refresher.close();
});

test("a caller without a timeout of its own waits for two requests and ten seconds", async () => {
  time = virtualTime();
  const refresher = createRefresher({
    token_endpoint: "https://as.example/token",
    client_id: "me",
    timeoutSeconds: 4,
    lock: () => new Promise(() => {}),
    tokens: { refresh_token: TOKENS.refresh_token },
    fetch: () => new Promise(() => {}),
  });
  const begun = performance.now();
  let after;
  const waiting = refresher.getAccessToken().catch(() => (after = performance.now() - begun));
  await time.pass(30_000);
  await waiting;
  assert.ok(after <= 18_000 + 1, `${after} ms`);
  refresher.close();
});
