// What a worker of any kind does for a page: one token for each message.

import { indexedDbStorage } from "/package/storage/index.js";

export function answer(port, createRefresher) {
  port.onmessage = async ({ data }) => port.postMessage(await token(data).catch((error) => String(error)));

  async function token({ atMs, ...options }) {
    const refresher = createRefresher({ ...options, storage: indexedDbStorage("session") });
    while (Date.now() < atMs);
    return refresher.getAccessToken();
  }
}
