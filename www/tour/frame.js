// One tab of the tour: a document of its own, which can crash. The page that holds it calls `openTab`.

import { startDevice } from "../device.js";
import { refreshedSession } from "./ours.js";
import { sharedStorage, usualStore } from "./shared-store.js";
import { usualSession } from "./usual.js";

/**
 * `alone`: a machine of its own, from which what the tabs of a browser share is hidden. `tell(kind, text)` is called with what
 * this tab did.
 */
window.openTab = ({ side, name, world, alone, tell }) => {
  const device = startDevice(`${world.key}:device:${alone ? name : "shared"}`);
  if (alone) for (const shared of ["locks", "serviceWorker"]) hide(navigator, shared);
  if (alone) for (const shared of ["BroadcastChannel", "SharedWorker"]) hide(window, shared);
  const unwatched = window.fetch.bind(window);
  window.fetch = watched(device.fetch, world, tell);
  const session = side === "ours" ? ours(world, alone) : usual(world, alone, tell);

  return {
    device,
    /** Whether the API answered. */
    async call() {
      try {
        const { status } = await session.fetch(world.api);
        tell(status === 200 ? "good" : "bad", `API call → ${status}`);
        return status === 200;
      } catch (error) {
        if (error !== LOGIN_PAGE) tell("unsure", error.code ?? error.message);
        return false;
      }
    },
    async logIn() {
      const reply = await unwatched(`${world.base}/login`, { method: "POST" });
      await session.logIn(await reply.json());
      tell("login", "signed in");
    },
    async signOut() {
      await session.signOut();
      tell("login", "signed out");
    },
  };
};

const LOGIN_PAGE = new Error("the login page is shown");

function ours(world, alone) {
  const storage = alone && sharedStorage(world.base);
  const refresher = refreshedSession({ ...world, storage, key: `${world.key}:tokens` });
  return {
    fetch: refresher.fetch,
    logIn: (tokens) => refresher.setTokens(tokens),
    signOut: () => refresher.signOut({ revoke: true }),
  };
}

function usual(world, alone, tell) {
  const storage = alone ? usualStore(world.base) : prefixed(localStorage, `${world.key}:`);
  const authorizedFetch = usualSession({
    ...world,
    storage,
    toLogin: () => tell("bad", "refresh failed: to the login page"),
  });
  return {
    async fetch(url) {
      if (!(await storage.getItem("tokens"))) throw new Error("signed out: the login page");
      return authorizedFetch(url).catch(() => {
        throw LOGIN_PAGE; // toLogin has told of it
      });
    },
    logIn: (tokens) => storage.setItem("tokens", JSON.stringify(tokens)),
    async signOut() {
      const { refresh_token } = JSON.parse(await storage.getItem("tokens"));
      await storage.removeItem("tokens");
      const body = new URLSearchParams({ token: refresh_token, client_id: world.client_id });
      await fetch(world.revocation_endpoint, { method: "POST", body });
    },
  };
}

/** Tells of each token request, as it ended. */
function watched(fetch, world, tell) {
  return async (input, init) => {
    const url = typeof input === "string" ? input : (input.url ?? String(input));
    if (url !== world.token_endpoint) return fetch(input, init);
    try {
      const response = await fetch(input, init);
      const [kind, words] = await inWords(response.clone());
      tell(kind, `refresh → ${words}`);
      return response;
    } catch (error) {
      tell("unsure", "refresh → no network");
      throw error;
    }
  };
}

async function inWords(response) {
  const text = await response.text().catch(() => null);
  if (text === null) return ["unsure", "the reply got lost"];
  if (!response.headers.get("Content-Type")?.includes("json"))
    return ["unsure", `${response.status}, a web page`];
  if (response.ok) return ["good", "new tokens"];
  return [response.status === 400 ? "bad" : "unsure", `${response.status} ${JSON.parse(text).error ?? ""}`];
}

const prefixed = (area, prefix) => ({
  getItem: (key) => area.getItem(prefix + key),
  setItem: (key, value) => area.setItem(prefix + key, value),
  removeItem: (key) => area.removeItem(prefix + key),
});

function hide(object, name) {
  Object.defineProperty(object, name, { configurable: true, value: undefined });
}
