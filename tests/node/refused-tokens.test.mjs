// An access token that a resource server refused before it ran out: who refused it is never served with it, and never left waiting.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, HOUR, outcomeOf, SECOND, time } from "./contexts.mjs";

test("a refused refresh token ends the session at once where the access token was refused too", async () => {
  const { server, refresher, events } = await begin();
  const { access_token: rejected } = refresher.tokens;
  server.revokeAll();
  const { reason, after } = await outcomeOf(refresher.getTokens({ rejected }));
  assert.equal(reason.code, "session_ended");
  assert.ok(after < 10, `${after} s`);
  assert.deepEqual([refresher.tokens, refresher.state], [null, "session-ended"]);
  assert.equal(events.at(-1).type, "session-ended");
});

test("a refused refresh token leaves an access token that was not refused until it runs out", async () => {
  const { server, refresher } = await begin();
  const { access_token } = refresher.tokens;
  server.revokeAll();
  await outcomeOf(refresher.refresh());
  assert.equal((await outcomeOf(refresher.getAccessToken())).value, access_token);
  await time.pass(HOUR);
  assert.equal((await outcomeOf(refresher.getAccessToken())).reason.code, "session_ended");
});

test("while the server is busy, who refused the token gets the error soon, and who did not gets the token", async () => {
  const { server, refresher } = await begin({ retries: 0 });
  const { access_token } = refresher.tokens;
  server.always("500-before");
  const refusing = outcomeOf(refresher.getTokens({ rejected: access_token }));
  const asking = outcomeOf(refresher.getTokens({ minValiditySeconds: 3599 }));
  const { reason, after } = await refusing;
  assert.equal(reason?.code, "unavailable");
  assert.ok(after < 10, `${after} s`);
  assert.equal((await asking).value.access_token, access_token);
});

test("of expires_in and expires_at in setTokens the point in time counts", async () => {
  const { server, refresher } = await begin();
  const expires_at = Math.floor(Date.now() / SECOND) + 100;
  await refresher.setTokens({ ...server.login(), expires_in: 3600, expires_at });
  assert.equal(refresher.tokens.expires_at, expires_at);
  await time.pass(101 * SECOND);
  await outcomeOf(refresher.getAccessToken());
  assert.equal(server.requests.length, 1);
});
