// What a refresher on Workers calls never sees the AsyncLocalStorage of another request's tenant. workerd refuses to enter the context of
// one request in another, so a refresher that was made in a request sees its own there, and none later.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { bundled, COMPATIBILITY_DATE } from "../runtimes/bundle.mjs";

const CALLED = ["fetch", "header", "load", "save", "token-changed"];
const all = (who) => CALLED.map((name) => `${name}: ${who}`);

for (const [flags, own] of [
  [["nodejs_compat"], "a"],
  [[], undefined],
]) {
  let workerd;
  let url;
  const ask = async (path) => {
    const response = await fetch(new URL(path, url));
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return JSON.parse(text);
  };
  const title = (claim) => `${flags[0] ?? "no flag"}: ${claim}`;

  before(async () => {
    const { modules } = await bundled(fileURLToPath(new URL("tenants-worker.mjs", import.meta.url)));
    workerd = new Miniflare({
      modules,
      compatibilityDate: COMPATIBILITY_DATE,
      compatibilityFlags: flags,
      durableObjects: { VAULT: { className: "Vault", useSQLite: true } },
    });
    url = await workerd.ready;
  });
  after(() => workerd.dispose());

  test(title("a refresher of one request sees that request's context"), async () => {
    assert.deepEqual(await ask("/own?tenant=a"), all(own));
  });

  test(title("a refresher of another request, or of the module, sees none"), async () => {
    await ask("/make?tenant=a");
    assert.deepEqual(await ask("/made?tenant=b"), all(undefined));
    assert.deepEqual(await ask("/global?tenant=b"), all(undefined));
  });

  test(title("a vault sees none, whoever calls it first"), async () => {
    assert.deepEqual(await ask("/vault?tenant=b"), all(undefined));
  });
}
