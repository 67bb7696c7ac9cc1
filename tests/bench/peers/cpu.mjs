// CPU in Node: a call while the token is fresh, one refresh without network, 10,000 callers that join one, the wrapper of fetch, and the
// heap of an idle instance. Prints JSON. `node --expose-gc cpu.mjs ROUNDS`

import { ACCESS_TOKEN, CONTENDERS } from "./contenders.mjs";
import { alternating, cpuOf, figure, median } from "./statistics.mjs";

const rounds = Number(process.argv[2] ?? 15);
const CALLS = 5000;
const REFRESHES = 40;
const REQUESTS = 300;
const JOINERS = 10_000;
const INSTANCES = 1000;

let tokenRequests = 0;
const tokenEndpoint = async () => {
  const number = ++tokenRequests;
  return Response.json({
    access_token: `${ACCESS_TOKEN}${number}`,
    refresh_token: `a-refresh-token-${number}`,
    token_type: "Bearer",
    expires_in: 3600,
    scope: "openid",
    user: { id: "user" }, // supabase asks for it
  });
};
const api = async () => Response.json({});
let answers = tokenEndpoint;
globalThis.fetch = (...request) => answers(...request);

const clients = {};
for (const [name, open] of Object.entries(CONTENDERS)) clients[name] = await open();

const results = {};
say("a call while the token is fresh");
results.fresh = await perCall(all("get", { "an async function": async () => ACCESS_TOKEN }), CALLS, 1e3, 2);
say("one refresh without network");
const bare = async () => JSON.parse(await (await fetch("https://as.example/token")).text());
results.refresh = await perCall(all("refresh", { "fetch and JSON.parse": bare }), REFRESHES, 1e3, 0);
say("the wrapper of fetch");
answers = api;
const headers = { authorization: `Bearer ${ACCESS_TOKEN}` };
const plain = () => fetch("https://api.example/x", { headers });
const wrapped = Object.entries(all("fetch")).map(([name, call]) => [
  name,
  () => call("https://api.example/x"),
]);
results.fetch = await perCall({ "plain fetch": plain, ...Object.fromEntries(wrapped) }, REQUESTS, 1e3, 1);
answers = tokenEndpoint;
say("10,000 callers that join one refresh");
results.joined = await joined();
say("the heap of an idle instance");
results.idle = await idle();
console.log(JSON.stringify(results));
process.exit();

function all(method, others = {}) {
  const able = Object.entries(clients).filter(([, client]) => client[method]);
  return { ...others, ...Object.fromEntries(able.map(([name, client]) => [name, client[method]])) };
}

/** CPU of one call, in the unit of which a millisecond has `unit`. */
async function perCall(calls, repetitions, unit, digits) {
  const measured = async (call) => {
    const ms = await cpuOf(async () => {
      for (let done = 0; done < repetitions; done++) await call();
    });
    await new Promise(setImmediate);
    return (ms * unit) / repetitions;
  };
  return figures(await alternating(calls, rounds, measured, { warmUp: 3 }), digits);
}

/** Of a fresh instance each time, which is what a page or a service has when its token runs out. */
async function joined() {
  const requests = {};
  const able = Object.entries(CONTENDERS).filter(([name]) => clients[name].get && clients[name].refresh);
  const measured = async (open, name) => {
    const { instance, refresh } = await open();
    tokenRequests = 0;
    let settled;
    const ms = await cpuOf(async () => {
      settled = await Promise.allSettled(Array.from({ length: JOINERS }, () => refresh()));
    });
    const refused = settled.filter(({ status }) => status === "rejected").length;
    requests[name] = `${tokenRequests.toLocaleString("en")}${refused ? `, ${refused} refused` : ""}`;
    instance.close?.();
    return ms;
  };
  const got = figures(await alternating(Object.fromEntries(able), Math.ceil(rounds / 2), measured), 1);
  for (const name of Object.keys(got)) got[name].requests = requests[name];
  return got;
}

/** Bytes of heap and of external memory for each of a thousand clients that hold a session and do nothing. */
async function idle() {
  const bytes = {};
  for (const [name, open] of Object.entries(CONTENDERS)) {
    const runs = [];
    for (let run = 0; run < 3; run++) {
      const kept = [await open()];
      const before = await settledHeap();
      for (let count = 0; count < INSTANCES; count++) kept.push(await open());
      runs.push(((await settledHeap()) - before) / INSTANCES);
      for (const { instance } of kept) instance.close?.();
    }
    bytes[name] = { median: Math.round(median(runs)), least: Math.round(Math.min(...runs)), of: runs.length };
  }
  return bytes;
}

async function settledHeap() {
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function figures(values, digits) {
  return Object.fromEntries(Object.entries(values).map(([name, of]) => [name, figure(of, digits)]));
}

function say(text) {
  console.error(text);
}
