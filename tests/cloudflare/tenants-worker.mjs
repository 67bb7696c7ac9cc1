// The Worker of async-context.test.mjs: who is seen by what a refresher calls. Each path is one request of a tenant.
import { createRefresher } from "oauth-refresher";
import { TokenVault } from "oauth-refresher/cloudflare";
import { memoryStorage } from "oauth-refresher/storage";
import { fakeAuthorizationServer } from "oauth-refresher/testing";

const { AsyncLocalStorage } = globalThis.process?.getBuiltinModule("node:async_hooks") ?? {};
const tenant = AsyncLocalStorage ? new AsyncLocalStorage() : { run: (_, work) => work(), getStore() {} };

const seen = [];
const see =
  (name, work) =>
  (...given) => {
    seen.push(`${name}: ${tenant.getStore()}`);
    return work?.(...given);
  };

const server = fakeAuthorizationServer();
const runOut = () => ({ ...server.login(), expires_in: undefined, expires_at: 1 });

function options() {
  const { load, save } = memoryStorage();
  return {
    ...server.options,
    storage: { conditionalSave: true, load: see("load", load), save: see("save", save) },
    fetch: see("fetch", server.fetch),
    headers: { "x-id": see("header", () => "1") },
  };
}

function listened(refresher) {
  refresher.addEventListener("token-changed", see("token-changed"));
  return refresher;
}

let made;
const global = listened(createRefresher(options()));

export class Vault extends TokenVault {
  options() {
    return options();
  }

  tokenChanged() {
    see("token-changed")();
  }

  /** A call by RPC that the object answers for one tenant. */
  ask(who, method, given) {
    return tenant.run(who, () => super[method](given));
  }
}

async function answer({ pathname, searchParams }, env) {
  const who = searchParams.get("tenant");
  const ask = async (refresher) => {
    await refresher.setTokens(runOut());
    await refresher.getAccessToken();
    await refresher.getTokens({ rejected: refresher.tokens.access_token });
  };
  if (pathname === "/make") return tenant.run(who, () => void (made = listened(createRefresher(options()))));
  if (pathname === "/own") return tenant.run(who, () => ask(listened(createRefresher(options()))));
  if (pathname === "/made") return tenant.run(who, () => ask(made));
  if (pathname === "/global") return tenant.run(who, () => ask(global));
  const vault = env.VAULT.get(env.VAULT.idFromName("one"));
  await vault.ask(who, "setTokens", runOut());
  await vault.ask(who, "getAccessToken");
}

export default {
  async fetch(request, env) {
    seen.length = 0;
    await answer(new URL(request.url), env);
    return Response.json([...new Set(seen)].sort());
  },
};
