// A refresher in a service worker: from the entry that is one file, because import() is forbidden there.

import { createRefresher as createInPage } from "/package/entry/browser.js";
import { createRefresher } from "/package/entry/inline.js";
import { answer } from "/in-any-worker.mjs";

self.onmessage = ({ ports: [port] }) =>
  answer(port, (options) => (options.entry === "page" ? createInPage : createRefresher)(options));
