// The host of the tabs of chaos.test.mjs, in a SharedWorker or a service worker, bundled into one classic script; the hub writes `given`.

import { hostRefresher } from "oauth-refresher/host";
import { indexedDbStorage } from "oauth-refresher/storage";
import { listenToChannels, listenToEvents, listenToTheRealm, observed, post, recorded } from "./log.mjs";

const REPORT_MS = 200;
/** A worker has no number of its own: the numbers of tabs are small. */
const life = 1e6 + Math.floor(1e9 * Math.random());

listenToTheRealm();
listenToChannels();
const refresher = hostRefresher({
  ...globalThis.given,
  parameters: { life: String(life) },
  storage: recorded(indexedDbStorage("session")),
});
listenToEvents(refresher);
setInterval(() => post({ life, isHost: true, rejections: [], ...observed() }), REPORT_MS);
