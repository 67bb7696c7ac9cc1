// One of several processes on one session in a store: asks for a token again and again, and says what it got. Not a test by itself.
import "../leaks/listener.mjs";
import { createRefresher } from "oauth-refresher";
import { clients, storages } from "./clients.mjs";

const { kind, client, port, key, leaseSeconds, milliseconds, ...options } = JSON.parse(process.argv[2]);
const opened = await clients[kind][client](port);
const storage = storages[kind](opened.client, key, { leaseSeconds });
const refresher = createRefresher({ ...options, storage });
const counts = { tokens: 0, errors: {}, failed: {} };
refresher.addEventListener("storage-failed", ({ detail }) => count(counts.failed, detail.operation));

const end = Date.now() + milliseconds;
while (Date.now() < end) {
  try {
    await refresher.getAccessToken();
    counts.tokens++;
  } catch ({ code, message }) {
    count(counts.errors, code ?? message);
  }
  await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 30));
}
console.log(JSON.stringify(counts));
process.exit(); // with what the listener says

function count(into, what) {
  into[what] = (into[what] ?? 0) + 1;
}
