// Resources (RFC 8707), found by discovery, at oidc-provider: one per request is what it grants, and it spends a refresh token before it
// looks at the resource.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";
import { startOidc } from "../servers/oidc.mjs";

const CALENDAR = "https://cal.example.com/";
const CONTACTS = "https://contacts.example.com/";

let oidc;
before(async () => {
  const getResourceServerInfo = (ctx, resource) => ({
    scope: "read",
    audience: resource,
    accessTokenFormat: "opaque",
  });
  const resourceIndicators = {
    enabled: true,
    getResourceServerInfo,
    defaultResource: (ctx, client, all) => all,
  };
  oidc = await startOidc({ features: { resourceIndicators } });
});
after(() => oidc.close());

async function session(resource) {
  const storage = memoryStorage();
  const { issuer, clients } = oidc;
  const refresher = createRefresher({ issuer, ...clients.none, resource, storage });
  await refresher.setTokens(await oidc.mint("none", { resource: [CALENDAR, CONTACTS] }));
  return { refresher, storage };
}

test("a_token_for_each_resource_comes_of_one_grant_and_rotation_goes_on", async () => {
  for (const resource of [CALENDAR, CONTACTS]) {
    const { refresher } = await session(resource);
    for (let round = 0; round < 3; round++) {
      const { access_token, id_token } = await refresher.refresh();
      assert.equal(await oidc.audienceOf(access_token), resource);
      assert.ok(id_token);
    }
    await refresher.signOut({ revoke: true });
  }
});

test("g3_a_resource_that_was_not_granted_may_have_spent_the_refresh_token_and_that_is_said", async () => {
  for (const resource of ["https://other.example.com/", [CALENDAR, CONTACTS]]) {
    const { refresher, storage } = await session(resource);
    const sent = oidc.requests.length;
    const error = {
      code: "client_rejected",
      error: "invalid_target",
      refreshTokenState: "unknown",
      sessionEnded: false,
    };
    await assert.rejects(refresher.refresh(), error);
    assert.equal(oidc.requests.length, sent + 1, "not once more by itself");
    assert.ok((await storage.load()).tokens.refresh_token);
  }
});
