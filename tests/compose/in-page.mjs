// The page's part of the tests of recipes; bundled together with them. Not a test by itself.

import { createElement, StrictMode, useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";
import { RefreshError } from "oauth-refresher";
import * as events from "./server-events.js";
import { refresher } from "./session.js";
import { useJson } from "./use-json.js";
import * as socket from "./web-socket.js";

const heard = [];
const leaving = new AbortController();
const root = createRoot(document.querySelector("main"));

globalThis.inPage = {
  refresher,
  heard,
  show: (url) => root.render(createElement(StrictMode, null, createElement(Shown, { url }))),
  leave: () => leaving.abort(),
  listen(kind, url) {
    const recipe = { socket, events }[kind];
    recipe.listen(url, (...message) => heard.push(message.join(": ")), leaving.signal).catch(() => {});
  },
};

function Shown({ url }) {
  const { value, error } = useJson(url);
  const isSignedIn = useSyncExternalStore(subscribe, () => refresher.tokens !== null);
  const reason = error instanceof RefreshError ? error.code : error?.status;
  const text = reason ?? JSON.stringify(value);
  return createElement("p", null, isSignedIn ? "signed in" : "signed out", "; ", text ?? "waiting");
}

function subscribe(changed) {
  refresher.addEventListener("token-changed", changed);
  return () => refresher.removeEventListener("token-changed", changed);
}
