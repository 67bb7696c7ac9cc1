// What a storage holds for one issuer and client is nothing to another, whatever the storage. Not a test by itself.
import assert from "node:assert/strict";
import { createRefresher } from "oauth-refresher";
import { fakeAuthorizationServer } from "oauth-refresher/testing";

/** @param {import("oauth-refresher").TokenStorage} storage  An empty one. */
export async function isItsOwners(storage) {
  const [one, two] = ["https://one.example/token", "https://two.example/token"].map((token_endpoint) =>
    fakeAuthorizationServer({ token_endpoint }),
  );
  const refreshers = [one.options, two.options, { ...one.options, client_id: "another app" }].map((options) =>
    createRefresher({ ...options, storage, background: "never" }),
  );
  const [ours, ...others] = refreshers;
  await ours.setTokens({ ...one.login(), expires_in: undefined, expires_at: 1 });
  const stored = JSON.stringify(await storage.load());
  for (const other of others) {
    assert.equal(await other.load(), null);
    const error = await other.getAccessToken().catch((error) => error);
    assert.deepEqual([error.code, error.loginRequired, error.retryable], ["signed_out", true, false]);
    assert.match(error.message, /the stored session is of another issuer, token_endpoint or client_id/);
    await other.signOut({ revoke: true });
    assert.equal(JSON.stringify(await storage.load()), stored, "it is left as it is");
  }
  assert.equal(one.requests.length + two.requests.length, 0);
  assert.ok(await ours.getAccessToken(), "its owner goes on");
  const login = two.login();
  await others[0].setTokens(login);
  assert.equal(await others[0].getAccessToken(), login.access_token);
  assert.equal((await storage.load()).tokens.refresh_token, login.refresh_token);
  refreshers.forEach((refresher) => refresher.close());
}
