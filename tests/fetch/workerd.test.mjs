// The claims about refresher.fetch, on the packed package in workerd.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { bundled, COMPATIBILITY_DATE } from "../runtimes/bundle.mjs";
import { startApi } from "../servers/api.mjs";
import { claims } from "./claims.mjs";

let api, other, workerd;
before(async () => {
  [api, other] = await Promise.all([startApi(), startApi()]);
  const { modules } = await bundled(fileURLToPath(new URL("worker.mjs", import.meta.url)));
  const SETTING = { apiOrigin: api.origin, otherOrigin: other.origin };
  workerd = new Miniflare({ modules, compatibilityDate: COMPATIBILITY_DATE, bindings: { SETTING } });
  await workerd.ready;
});
after(async () => {
  await workerd?.dispose();
  await Promise.all([api.close(), other.close()]);
});

for (const name of Object.keys(claims))
  test(name, async () => {
    const response = await workerd.dispatchFetch(`http://worker.example/${encodeURIComponent(name)}`);
    const [{ failure }] = await response.json();
    assert.equal(failure, undefined);
  });
