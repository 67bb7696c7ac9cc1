// The Worker of cloudflare.mjs. It makes its load itself, so that the figures contain no HTTP of the host. Not a bench by itself.

import { DurableObject, env } from "cloudflare:workers";
import { createRefresher } from "oauth-refresher";
import { TokenVault } from "oauth-refresher/cloudflare";

const HOUR_SECONDS = 3600;
/** The length of a typical access token. */
const ACCESS_TOKEN = "a".repeat(800);

let memory;
const { Instance } = WebAssembly;
WebAssembly.Instance = class extends Instance {
  constructor(...given) {
    super(...given);
    ({ memory } = this.exports);
  }
};

let served = 0;
const reply = (expires_in) => ({
  access_token: `${++served}${ACCESS_TOKEN}`,
  refresh_token: `r${served}-0123456789abcdef0123456789abcdef`,
  token_type: "Bearer",
  expires_in,
});

/** The shortest reply to a refresh, because the network is not measured. */
const server = async () => Response.json(reply(HOUR_SECONDS));
const options = { token_endpoint: "https://auth.example/token", client_id: "bench", fetch: server };

export class Vault extends TokenVault {
  options() {
    return { ...options, background: "never" };
  }
}

export class Empty extends DurableObject {
  nothing() {}
  token() {
    return ACCESS_TOKEN;
  }
}

const calls = {
  empty: () => env.EMPTY.getByName("one").nothing(),
  token: () => env.EMPTY.getByName("one").token(),
  vault: () => env.VAULT.getByName("one").getAccessToken(),
};

const users = (count) => Array.from({ length: count }, (_, i) => `user-${i}`);

const actions = {
  login: () => env.VAULT.getByName("one").setTokens(reply(HOUR_SECONDS)),

  /** Makes `count` calls, `width` at a time. */
  async load({ kind, count, width }) {
    const call = calls[kind];
    let left = count;
    const one = async () => {
      while (left-- > 0) await call();
    };
    await Promise.all(Array.from({ length: width }, one));
  },

  /** Logs each user in, with an expired access token. */
  async logins({ count }) {
    const expired = { expires_in: undefined, expires_at: 1 };
    await Promise.all(
      users(count).map((name) => env.VAULT.getByName(name).setTokens({ ...reply(), ...expired })),
    );
  },

  /** Refreshes each user's session, `width` at a time. */
  async refreshes({ count, width }) {
    const left = users(count);
    const one = async () => {
      while (left.length) await env.VAULT.getByName(left.pop()).getAccessToken();
    };
    await Promise.all(Array.from({ length: width }, one));
  },

  /** Makes refreshers in this isolate, each with its own session. */
  async refreshers({ count }) {
    globalThis.kept = [];
    for (let i = 0; i < count; i++) {
      const refresher = createRefresher(options);
      await refresher.setTokens(reply(HOUR_SECONDS));
      globalThis.kept.push(refresher);
    }
    return memory.buffer.byteLength;
  },
};

export default {
  async fetch(request) {
    const [action, input] = await request.json();
    return Response.json((await actions[action](input)) ?? null);
  },
};
