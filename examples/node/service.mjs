// One process of the service: it calls the API every third of a second, through three access tokens.

import { setTimeout as delay } from "node:timers/promises";
import { openSession } from "./session.mjs";

const CALLS = 24;
const { refresher, close } = await openSession();
let accepted = 0;
refresher.addEventListener("token-changed", ({ detail }) =>
  console.log(
    `process ${process.pid}: a new access token, ${detail.source === "refresh" ? "refreshed here" : "found in Redis"}`,
  ),
);
for (let call = 0; call < CALLS; call += 1) {
  const response = await refresher.fetch(`${process.env.API}/notes`);
  if (response.ok) accepted += 1;
  await delay(333);
}
console.log(`process ${process.pid}: ${accepted} of ${CALLS} calls answered`);
await close();
process.exitCode = accepted === CALLS ? 0 : 1;
