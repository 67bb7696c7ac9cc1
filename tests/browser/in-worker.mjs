// A refresher in a dedicated, shared or service worker, where import maps do not apply.

import { createRefresher } from "/package/entry/inline.js";
import { indexedDbStorage } from "/package/storage/index.js";

if (self.postMessage) serve(self);
else self.onconnect = ({ ports: [port] }) => serve(port);

export function serve(port) {
  port.onmessage = async ({ data: { atMs, ...options } }) => {
    const refresher = createRefresher({ ...options, storage: indexedDbStorage("session") });
    while (Date.now() < atMs);
    port.postMessage(await refresher.getAccessToken().catch((error) => String(error)));
  };
}
