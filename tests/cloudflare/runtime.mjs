// A Worker with a vault in real workerd, against servers on loopback. Not a test by itself.

import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { bundled, COMPATIBILITY_DATE } from "../runtimes/bundle.mjs";

const WORKER = fileURLToPath(new URL("worker.mjs", import.meta.url));

/** `oidc` is where the vaults refresh; `options` go into every vault's options. */
export async function startWorker({ oidc, options = {}, origins = [] }) {
  const { modules } = await bundled(WORKER);
  const workerd = new Miniflare({
    modules,
    compatibilityDate: COMPATIBILITY_DATE,
    compatibilityFlags: ["enable_request_signal"],
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    durableObjects: {
      VAULT: { className: "Vault", useSQLite: true },
      BARE: { className: "BareVault", useSQLite: true },
    },
    bindings: {
      OIDC: { token_endpoint: oidc.token_endpoint, client_id: oidc.clients.none.client_id },
      OPTIONS: options,
      ORIGINS: origins,
    },
  });
  await workerd.ready;
  // Not through the proxy of miniflare, which goes on when a client hangs up.
  const url = await workerd.unsafeGetDirectURL();

  async function ask(path, input = {}) {
    const response = await fetch(new URL(path, url), { method: "POST", body: JSON.stringify(input) });
    const text = await response.text();
    if (!response.ok) throw Object.assign(new Error(text), { status: response.status });
    return JSON.parse(text);
  }

  return {
    url,
    ask,
    /** Calls a method of the vault of that name. */
    vault: (name) =>
      new Proxy(
        {},
        {
          // a promise may hold it, which asks every value whether it is one too
          get: (_, method) =>
            method === "then"
              ? undefined
              : async (...given) =>
                  (await ask(`vault/${encodeURIComponent(name)}/${method}`, { given })).value,
        },
      ),
    close: () => workerd.dispose(),
  };
}

export async function expired(oidc) {
  return { ...(await oidc.mint("none")), expires_in: undefined, expires_at: 1 };
}
