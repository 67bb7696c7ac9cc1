// The claims about refresher.fetch, on the packed package in Node.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { startApi } from "../servers/api.mjs";
import { claims, runClaims } from "./claims.mjs";

let api, other;
before(async () => ([api, other] = await Promise.all([startApi(), startApi()])));
after(() => Promise.all([api.close(), other.close()]));

for (const name of Object.keys(claims))
  test(name, async () => {
    const setting = { createRefresher, apiOrigin: api.origin, otherOrigin: other.origin };
    const [{ failure, skipped }] = await runClaims(setting, (each) => each === name);
    assert.equal(failure, undefined);
    assert.equal(skipped, undefined, "Node supports every claim");
  });
