// A refresher in a dedicated or shared worker, where import maps do not apply.

import { createRefresher } from "/package/entry/browser.js";
import { answer } from "/in-any-worker.mjs";

if (self.postMessage) answer(self, createRefresher);
else self.onconnect = ({ ports: [port] }) => answer(port, createRefresher);
