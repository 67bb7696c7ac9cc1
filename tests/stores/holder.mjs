// A process that takes the lock and never lets go. Not a test by itself.
import { clients, storages } from "./clients.mjs";

const [kind, client, port, key, leaseSeconds] = process.argv.slice(2);
const opened = await clients[kind][client](Number(port));
const storage = storages[kind](opened.client, key, { leaseSeconds: Number(leaseSeconds) });
await storage.lock(
  () => {
    console.log("held");
    return new Promise(() => setInterval(() => {}, 1000));
  },
  { signal: AbortSignal.timeout(10_000) },
);
