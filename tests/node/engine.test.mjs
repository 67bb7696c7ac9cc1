// A core that traps: waiting callers are rejected, the next call uses a new instance, and an in-flight reply is stored.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { startOidc } from "../servers/oidc.mjs";
import { expired, leak, session, shown, until } from "./session.mjs";

const { Instance } = WebAssembly;
let trapAt;

let oidc;
before(async () => (oidc = await startOidc()));
after(() => oidc.close());
beforeEach(() => {
  oidc.requests.length = 0;
  trapAt = undefined;
  // Every call of the core goes through here; the call with the word that a test names traps.
  WebAssembly.Instance = function (module, imports) {
    const { exports } = new Instance(module, imports);
    const guarded = Object.fromEntries(
      Object.entries(exports).map(([name, value]) => [
        name,
        typeof value !== "function"
          ? value
          : (...values) => {
              if (trapAt && name === "core_tell" && trapAt(fact(exports, values)))
                throw new WebAssembly.RuntimeError("unreachable");
              return value(...values);
            },
      ]),
    );
    return { exports: guarded };
  };
});
afterEach(() => (WebAssembly.Instance = Instance));

const once = (wanted) => {
  let armed = true;
  return (word) => armed && word === wanted && ((armed = false), true);
};

/** The position of the word among the arguments: a core, the time, then the text. */
const fact = ({ memory }, [, , at, length]) =>
  new TextDecoder().decode(new Uint8Array(memory.buffer, at, length));

// A new module instance, because the engine of the package may be loaded already.
const fresh = async (options) => {
  const { createRefresher } = await import(`oauth-refresher/slim`);
  const { readFile } = await import("node:fs/promises");
  const { createRequire } = await import("node:module");
  const core = await readFile(createRequire(import.meta.url).resolve("oauth-refresher/core.wasm"));
  return createRefresher({ core: new Uint8Array(core), ...options });
};

test("a trap rejects what waited with engine_failed, without a token, and the next call works", async () => {
  const { storage, minted } = await session(oidc);
  const refresher = await fresh({
    token_endpoint: oidc.token_endpoint,
    client_id: oidc.clients.none.client_id,
    storage,
  });
  trapAt = once("loaded");
  const waiting = await Promise.allSettled([refresher.refresh(), refresher.refresh()]);
  for (const { reason } of waiting) {
    assert.equal(reason.code, "engine_failed");
    assert.equal(reason.retryable, true);
    assert.equal(
      leak(
        shown(reason),
        Object.values(minted).filter((value) => typeof value === "string"),
      ),
      undefined,
    );
  }
  assert.ok(await refresher.refresh());
  assert.equal(oidc.requests.length, 1);
});

test("a reply that was in-flight when the core trapped is stored by the next core", async () => {
  const { storage } = await session(oidc, { login: await expired(oidc) });
  const refresher = await fresh({
    token_endpoint: oidc.token_endpoint,
    client_id: oidc.clients.none.client_id,
    storage,
  });
  oidc.faults.next = { name: "slow", delayMs: 300 };
  const lost = refresher.getAccessToken();
  await new Promise((resolve) => setTimeout(resolve, 150));
  trapAt = once("demanded");
  const trapped = refresher.getAccessToken();
  await assert.rejects(lost, { code: "engine_failed" });
  await assert.rejects(trapped, { code: "engine_failed" });
  await until(async () => !(await storage.load()).pending); // the result of the in-flight request was saved
  assert.ok(await refresher.getAccessToken());
  assert.equal(oidc.requests.length, 1, "and nothing was sent twice");
});
