// What each page does until its first token. `kind` in the query says where the session lies: `local` or `indexed`.

import { STORED } from "./start-sessions.mjs";

/** The record in IndexedDB lies where `indexedDbStorage("session")` keeps it. */
export const OPEN_DATABASE = `
const opened = (name) => new Promise((resolve, reject) => {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => ["sessions", "keys"].forEach((store) => request.result.createObjectStore(store));
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
`;

const BY_HAND = `${OPEN_DATABASE}
const kind = new URLSearchParams(location.search).get("kind");
const inStore = async (mode, ask) => {
  const database = await opened("plain");
  return new Promise((resolve, reject) => {
    const transaction = database.transaction("sessions", mode);
    const request = ask(transaction.objectStore("sessions"));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
};
const read = async () => kind === "local" ? JSON.parse(localStorage.getItem("plain")) : inStore("readonly", (store) => store.get("session"));
const write = async (session) => kind === "local" ? localStorage.setItem("plain", JSON.stringify(session)) : inStore("readwrite", (store) => store.put(session, "session"));
`;

const byHand = (exchange) => `${BY_HAND}
const session = await read();
if (session.tokens.expires_at > Date.now() / 1000) done(session.tokens.access_token);
else {
  ${exchange}
  await write({ tokens });
  done(tokens.access_token);
}`;

const ours = (entry) => `
import { createRefresher } from "${entry}";
import { indexedDbStorage, webStorage } from "oauth-refresher/storage";
const isLocal = new URLSearchParams(location.search).get("kind") === "local";
const storage = isLocal ? webStorage(localStorage, "session") : indexedDbStorage("session");
const refresher = createRefresher({ token_endpoint: location.origin + "/token", client_id: "app", storage });
done(await refresher.getAccessToken());`;

export const PAGES = {
  "an empty page": `done("${STORED}")`,
  "twenty lines with fetch": byHand(`
  const form = { grant_type: "refresh_token", refresh_token: session.tokens.refresh_token, client_id: "app" };
  const tokens = await (await fetch("/token", { method: "POST", body: new URLSearchParams(form) })).json();`),
  oauth4webapi: `import * as o from "oauth4webapi";
${byHand(`
  const as = { issuer: location.origin, token_endpoint: location.origin + "/token" }, client = { client_id: "app" };
  const insecure = { [o.allowInsecureRequests]: true };
  const reply = await o.refreshTokenGrantRequest(as, client, o.None(), session.tokens.refresh_token, insecure);
  const tokens = await o.processRefreshTokenResponse(as, client, reply);`)}`,
  "oidc-client-ts": `
import { UserManager, WebStorageStateStore } from "oidc-client-ts";
const authority = location.origin;
const manager = new UserManager({
  authority, client_id: "app", redirect_uri: authority, automaticSilentRenew: false,
  metadata: { issuer: authority, token_endpoint: authority + "/token" },
  userStore: new WebStorageStateStore({ store: localStorage }),
});
const user = await manager.getUser();
done(user.expired ? (await manager.signinSilent()).access_token : user.access_token);`,
  "supabase/auth-js": `
import { AuthClient } from "@supabase/auth-js";
const client = new AuthClient({ url: location.origin, storageKey: "supabase", storage: localStorage, autoRefreshToken: false, detectSessionInUrl: false });
done((await client.getSession()).data.session.access_token);`,
  "oauth-refresher": ours("oauth-refresher"),
  "oauth-refresher, preload line": ours("oauth-refresher"),
  "oauth-refresher/inline": ours("oauth-refresher/inline"),
};

const LOCAL = [
  "an empty page",
  "twenty lines with fetch",
  "oauth4webapi",
  "oidc-client-ts",
  "supabase/auth-js",
  "oauth-refresher",
];
const SPLIT = ["oauth-refresher, preload line", "oauth-refresher/inline"];
const INDEXED = ["twenty lines with fetch", "oauth-refresher"];

/** What is measured, and which pages. `slow`: CPU four times slower, 150 ms × 3.75, 1.4 Mbit/s, the "Fast 3G" of Lighthouse. */
export const CONDITIONS = [
  {
    id: "local-fresh-cold",
    title: "fresh, cold",
    kind: "local",
    state: "fresh",
    cache: "cold",
    pages: LOCAL,
  },
  {
    id: "local-fresh-warm",
    title: "fresh, warm",
    kind: "local",
    state: "fresh",
    cache: "warm",
    pages: LOCAL,
  },
  {
    id: "local-expired-cold",
    title: "expired, cold",
    kind: "local",
    state: "expired",
    cache: "cold",
    pages: [...LOCAL, ...SPLIT],
  },
  {
    id: "local-expired-warm",
    title: "expired, warm",
    kind: "local",
    state: "expired",
    cache: "warm",
    pages: [...LOCAL, ...SPLIT],
  },
  {
    id: "indexed-fresh-cold",
    title: "IndexedDB: fresh, cold",
    kind: "indexed",
    state: "fresh",
    cache: "cold",
    pages: INDEXED,
  },
  {
    id: "indexed-fresh-warm",
    title: "IndexedDB: fresh, warm",
    kind: "indexed",
    state: "fresh",
    cache: "warm",
    pages: INDEXED,
  },
  {
    id: "indexed-expired-warm",
    title: "IndexedDB: expired, warm",
    kind: "indexed",
    state: "expired",
    cache: "warm",
    pages: INDEXED,
  },
  {
    id: "local-expired-slow",
    title: "slow: expired, cold",
    kind: "local",
    state: "expired",
    cache: "cold",
    slow: true,
    pages: ["oidc-client-ts", "oauth-refresher", ...SPLIT],
  },
];
