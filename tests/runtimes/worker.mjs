// The Worker of workerd.test.mjs: each path is one use of the package, answered as JSON.

import { env } from "cloudflare:workers";
import { createRefresher, RefreshError } from "oauth-refresher";
import { clientSecretJwt, privateKeyJwt } from "oauth-refresher/client-auth";
import { dpop } from "oauth-refresher/dpop";
import { go1, goTo, vault } from "oauth-refresher/providers";
import { memoryStorage } from "oauth-refresher/storage";
import { signature } from "../node_modules/oauth-refresher/lib/jws.js";
import { reproduce as reproduceAssertions } from "../vectors/client-auth.mjs";
import { reproduce } from "../vectors/dpop.mjs";

// A refresher of the whole isolate, created at module scope, where timers, requests and random numbers are forbidden.
const shared = createRefresher({ ...env.OIDC, storage: memoryStorage(), timeoutSeconds: 5 });

// Its key is created by the first request too.
const key = dpop();
const bound = createRefresher({
  ...env.NONCES,
  dpop: key,
  storage: memoryStorage(),
  origins: env.NONCES_ORIGINS,
});

const presets = {
  go1: () => go1(env.GO1),
  goto: () => goTo(env.GOTO),
  vault: () => vault(env.VAULT),
};

const actions = {
  async refresh({ options }) {
    const refresher = createRefresher({ ...env.OIDC, ...options });
    const { capabilities } = refresher;
    const events = [];
    refresher.addEventListener("token-changed", ({ detail }) => events.push(detail.source));
    const tokens = await refresher.getTokens();
    await refresher.refresh();
    await new Promise((resolve) => setTimeout(resolve));
    return { names: Object.keys(tokens).sort(), capabilities, events, state: refresher.state };
  },

  async together({ options, callers }) {
    const refresher = createRefresher({ ...env.OIDC, ...options });
    const answers = await Promise.all(Array.from({ length: callers }, () => refresher.getAccessToken()));
    return { different: new Set(answers).size };
  },

  async provider({ name, tokens, rounds }) {
    const refresher = createRefresher({ ...presets[name](), tokens });
    for (let round = 0; round < rounds; round++) await refresher.refresh();
    return { extras: Object.keys(refresher.tokens).sort(), token_type: refresher.tokens.token_type };
  },

  /** Before the call the server is told to refuse every issued access token. */
  async fetch({ name, options, tokens, url, refuse, kind }) {
    const origins = [new URL(url).origin];
    const base = name ? presets[name]() : env.OIDC;
    const refresher = createRefresher({ ...base, tokens, ...options, origins });
    await refresher.getTokens();
    await fetch(refuse);
    const post = { method: "POST", body: "a=b", headers: { "Content-Type": "text/plain" } };
    const forms = {
      url: () => refresher.fetch(url),
      request: () => refresher.fetch(new Request(url)),
      post: () => refresher.fetch(new Request(url, post)),
      init: () => refresher.fetch(new URL(url), post),
    };
    const response = await forms[kind]();
    return { status: response.status, answer: await response.json() };
  },

  async fails({ options }) {
    const refresher = createRefresher({ ...env.OIDC, ...options });
    const error = await refresher.getAccessToken().catch((reason) => reason);
    const { code, refreshTokenState, error: oauthError } = error;
    return {
      code,
      refreshTokenState,
      oauthError,
      isOurs: error instanceof RefreshError,
      text: `${error} ${JSON.stringify(error)}`,
      kept: refresher.state,
    };
  },

  async login({ tokens }) {
    await shared.setTokens(tokens);
    return { state: shared.state };
  },

  dpopVectors: () => reproduce(dpop),

  assertionVectors: () => reproduceAssertions({ clientSecretJwt, privateKeyJwt, signature }),

  dpopThumbprint: () => key.thumbprint(),

  async dpopRounds({ tokens, rounds }) {
    if (tokens) await bound.setTokens(tokens);
    for (let round = 0; round < rounds; round++) await bound.refresh();
    return { token_type: bound.tokens.token_type };
  },

  async dpopFetch({ url, init }) {
    const response = await bound.fetch(url, init);
    return { status: response.status, answer: await response.json() };
  },

  async shared(_, ctx) {
    const waiting = shared.getAccessToken({ timeoutSeconds: 4 });
    ctx.waitUntil(waiting.catch(() => {}));
    return { length: (await waiting).length };
  },
};

export default {
  async fetch(request, _env, ctx) {
    const name = new URL(request.url).pathname.slice(1);
    const input = request.method === "POST" ? await request.json() : {};
    try {
      return Response.json(await actions[name](input, ctx));
    } catch (error) {
      return Response.json({ threw: String(error?.stack ?? error), code: error?.code }, { status: 500 });
    }
  },
};
