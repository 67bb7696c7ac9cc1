// A refresher in a dedicated worker, where no import map reaches.

import { createRefresher } from "/package/entry/inline.js";
import { indexedDbStorage } from "/package/storage/index.js";

self.onmessage = async ({ data: { atMs, ...options } }) => {
  const refresher = createRefresher({ ...options, storage: indexedDbStorage("session") });
  while (Date.now() < atMs);
  self.postMessage(await refresher.getAccessToken());
};
