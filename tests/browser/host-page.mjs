// What hosts.test.mjs does inside a page.

import { createRefresher } from "oauth-refresher";
import { connectRefresher } from "oauth-refresher/client";
import { indexedDbStorage } from "oauth-refresher/storage";

const address = (options) => `/host-worker.mjs?options=${encodeURIComponent(JSON.stringify(options))}`;
const module = { type: "module" };

const targets = {
  shared: (options) => () => new SharedWorker(address(options), module),
  dedicated: (options) => () => new Worker(address(options), module),
  async service(options) {
    const registration = await navigator.serviceWorker.register(address(options), module);
    await navigator.serviceWorker.ready;
    return registration;
  },
  missing: () => () => new SharedWorker("/no-such-worker.mjs", module),
  none: () => () => new globalThis.NoSuchWorker(),
};

window.inPage = {
  events: [],

  /** `kind`: where the host is, or "page" for none. */
  async open({ kind, server, tokens, connect, falls }) {
    const inThisPage = () => createRefresher({ ...server, storage: indexedDbStorage("session") });
    const options = {
      ...connect,
      ...(falls && { fallback: () => ((inPage.fellBack = true), inThisPage()) }),
    };
    const refresher = kind === "page" ? inThisPage() : connectRefresher(await targets[kind](server), options);
    inPage.refresher = refresher;
    refresher.addEventListener("token-changed", ({ detail }) => inPage.events.push(detail.source));
    if (tokens) await refresher.setTokens(tokens);
  },

  token: (options) => inPage.refresher.getAccessToken(options),
  failure: () => inPage.refresher.getAccessToken().then(String, ({ code, message }) => `${code}: ${message}`),
  call: async (url) => (await inPage.refresher.fetch(url)).status,
};
