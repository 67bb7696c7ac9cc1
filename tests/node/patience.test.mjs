// Retry-After, and the limit of requests that no failure exceeds. In virtual time.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { begin, HOUR, SECOND, time, unheard, within } from "./contexts.mjs";

const inTwoMinutes = () => new Date(Date.now() + 120_000);
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const forms = {
  seconds: () => "120",
  "IMF-fixdate": () => inTwoMinutes().toUTCString(),
  "RFC 850": () => {
    const [, day, month, year, clock] = inTwoMinutes().toUTCString().split(" ");
    return `${DAYS[inTwoMinutes().getUTCDay()]}, ${day}-${month}-${year.slice(2)} ${clock} GMT`;
  },
  asctime: () => {
    const [weekday, day, month, year, clock] = inTwoMinutes().toUTCString().replace(",", "").split(" ");
    return `${weekday} ${month} ${day.replace(/^0/, " ")} ${clock} ${year}`;
  },
};

for (const [form, field] of Object.entries(forms))
  for (const status of [429, 503])
    test(`Retry-After of a ${status} as ${form} holds back this context and every other that shares the record`, async () => {
      let refusing = true;
      let asked = 0;
      const server = fakeAuthorizationServer();
      const fetch = (...request) => {
        asked++;
        if (!refusing) return server.fetch(...request);
        return Promise.resolve(new Response("{}", { status, headers: { "retry-after": field() } }));
      };
      const { storage, refresher } = await begin({ server, fetch });
      const failed = await within(refresher.refresh(), SECOND);
      assert.equal(failed.reason.code, "unavailable");
      assert.ok(Math.abs(failed.reason.retryAfterSeconds - 120) <= 1);
      assert.equal(failed.reason.refreshTokenState, "unspent");
      assert.equal(asked, 1, "no caller waits for two minutes");

      // another process: only the record is shared
      const other = createRefresher({ ...server.options, fetch, storage: unheard(storage) });
      for (const one of [refresher, other]) {
        const early = await within(one.refresh(), SECOND);
        assert.equal(early.reason.code, "unavailable");
        assert.ok(early.reason.retryAfterSeconds > 100);
      }
      assert.equal(asked, 1);
      refusing = false;
      await time.pass(120 * SECOND);
      assert.ok((await within(other.refresh(), SECOND)).value);
      assert.equal(asked, 2);
    });

test("after a Retry-After of a year the server is asked again within an hour", async () => {
  const server = fakeAuthorizationServer();
  let refusing = true;
  const fetch = (...request) =>
    refusing
      ? Promise.resolve(new Response("{}", { status: 429, headers: { "retry-after": "31536000" } }))
      : server.fetch(...request);
  const { refresher } = await begin({ server, fetch });
  await within(refresher.refresh(), SECOND);
  refusing = false;
  await time.pass(HOUR);
  assert.ok((await within(refresher.refresh(), SECOND)).value);
});

test("no failure exceeds the limit of requests in a minute, however many calls there are", async () => {
  for (const fault of ["500-before", "html", "unsent", "lost-reply", "429", "invalid_client", "slow"]) {
    const server = fakeAuthorizationServer({ reuse: "always" });
    let asked = 0;
    const fetch = (...request) => (asked++, server.fetch(...request));
    const tokens = { ...server.login(), expires_in: undefined, expires_at: 1 };
    const refresher = createRefresher({ ...server.options, fetch, tokens });
    server.always(fault);
    let rejected = "";
    for (let second = 0; second < 60; second++) {
      for (let call = 0; call < 5; call++)
        refresher.getAccessToken({ timeoutSeconds: 1, ...(rejected && { rejected }) }).then(
          (token) => (rejected = token),
          () => {},
        );
      await time.pass(SECOND);
    }
    assert.ok(asked <= 21, `${fault}: ${asked} requests in a minute`);
    refresher.close();
  }
});

test("late refusals of one token spread over a minute cost one request", async () => {
  const { server, refresher } = await begin();
  const rejected = await refresher.getAccessToken();
  const answers = new Set();
  for (let late = 0; late < 60; late++) {
    refresher.getAccessToken({ rejected }).then((token) => answers.add(token));
    await time.pass(SECOND);
  }
  assert.equal(answers.size, 1);
  assert.equal(server.requests.length, 1);
});

test("the pauses between the requests of the background grow while no server is reached, up to a minute", async () => {
  const server = fakeAuthorizationServer();
  const asked = [];
  const fetch = (...request) => (asked.push(Date.now()), server.fetch(...request));
  const tokens = { ...server.login(), expires_in: undefined, expires_at: 1 };
  const refresher = createRefresher({ ...server.options, fetch, tokens, background: "always" });
  server.always("unsent");
  const begun = Date.now();
  for (let second = 0; second < 900; second++) await time.pass(SECOND);
  refresher.close();
  const between = (from, to) =>
    asked.filter((at) => at >= begun + from * SECOND && at < begun + to * SECOND).length;
  assert.ok(between(0, 60) >= 4, `${between(0, 60)} requests in the first minute`);
  // pauses of up to a minute, half of one in the mean
  const late = between(300, 900);
  assert.ok(late >= 9 && late <= 40, `${late} requests in the last ten minutes`);
});
