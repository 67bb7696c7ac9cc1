// The host of hosts.test.mjs, in a SharedWorker, a dedicated worker or a service worker; its options are in its address.

import { hostRefresher } from "/package/host/index.js";
import { indexedDbStorage } from "/package/storage/index.js";

const options = JSON.parse(new URL(import.meta.url).searchParams.get("options"));
hostRefresher({ ...options, storage: indexedDbStorage("session") });

// The application's own business with the same worker.
self.addEventListener("message", ({ data, ports: [port] }) => data === "ping" && port.postMessage("pong"));
self.addEventListener("connect", ({ ports: [port] }) =>
  port.addEventListener("message", ({ data }) => data === "ping" && port.postMessage("pong")),
);
