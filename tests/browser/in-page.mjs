// The page's part of package.test.mjs, with the package imported by its name.

import { createRefresher } from "oauth-refresher";
import { dpop } from "oauth-refresher/dpop";
import { go1, goTo, vault } from "oauth-refresher/providers";
import { indexedDbStorage, memoryStorage, webStorage } from "oauth-refresher/storage";

const PATIENCE_MS = 5000;

const storages = {
  memory: memoryStorage,
  local: () => webStorage(localStorage, "session"),
  session: () => webStorage(sessionStorage, "session"),
  indexeddb: () => indexedDbStorage("session"),
  encrypted: () => indexedDbStorage("session", { encrypt: true }),
};

const workers = {
  dedicated: () => new Worker("/in-worker.mjs", { type: "module" }),
  shared: () => new SharedWorker("/in-worker.mjs", { type: "module" }).port,
  async service() {
    await navigator.serviceWorker.register("/in-service-worker.mjs", { type: "module" });
    const { port1, port2 } = new MessageChannel();
    (await navigator.serviceWorker.ready).active.postMessage("here is a port", [port2]);
    return port1;
  },
};

const presets = { oidc: (options) => options, go1, goto: goTo, vault };

/** The key of this origin, created or loaded at its first use. */
const key = dpop({ keyStorage: "indexeddb" });

window.inPage = {
  dpop,
  thumbprint: () => key.thumbprint(),
  indexedDbStorage,
  storages,
  refresher: null,
  events: [],

  /** Creates this page's refresher; with `tokens`, after a login. */
  async open({ preset = "oidc", server, kind, tokens, options, entry, listens = true }) {
    const create = entry ? (await import(entry)).createRefresher : createRefresher;
    const refresher = create({ ...presets[preset](server), storage: storages[kind](), ...options });
    inPage.refresher = refresher;
    const types = ["token-changed", "refresh-failed", "session-ended", "storage-failed"];
    for (const type of listens ? types : [])
      refresher.addEventListener(type, ({ detail }) => {
        const { tokens, source, generation, error } = detail;
        inPage.events.push({
          type,
          source,
          generation,
          access_token: tokens?.access_token,
          error: error && String(error),
        });
      });
    if (tokens) await refresher.setTokens(tokens);
  },

  /** The same, with a session that is bound to this origin's key. */
  openBound: ({ server, tokens }) =>
    inPage.open({
      server: { ...server, dpop: key },
      kind: "local",
      tokens,
      options: { background: "never" },
    }),

  /** Asks at a given millisecond, so that two pages ask at once. */
  async askAt(atMs, options) {
    while (Date.now() < atMs);
    return inPage.refresher.getAccessToken(options);
  },

  async failure(options) {
    const error = await inPage.refresher.getAccessToken(options).catch((reason) => reason);
    return { code: error.code, refreshTokenState: error.refreshTokenState, text: String(error) };
  },

  /** Waits for the first event with these members. */
  async heard(members) {
    const names = Object.keys(members);
    return until(() => inPage.events.find((event) => names.every((name) => event[name] === members[name])));
  },

  async reaches(state) {
    return until(() => inPage.refresher.state === state);
  },

  /** The result of a worker with its own refresher on the session of this origin. */
  async worker(options, kind = "dedicated") {
    const port = await workers[kind]();
    const answer = new Promise((resolve, reject) => {
      port.onmessage = ({ data }) => resolve(data);
      port.onerror = ({ message }) => reject(new Error(message));
    });
    port.postMessage(options);
    return answer;
  },
};

async function until(found) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
    const answer = found();
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return `it did not come about; events: ${JSON.stringify(inPage.events)}`;
}
