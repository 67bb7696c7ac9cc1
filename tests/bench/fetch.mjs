// The costs of refresher.fetch beside plain fetch, with the packed package in Node: time per call against a server on loopback, in
// pairs; its own time, with a fetch that answers at once; the memory of a thousand simultaneous uploads of a megabyte.
//
//   node tests/bench/fetch.mjs

import { fork } from "node:child_process";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { createRefresher } from "oauth-refresher";

const PAIRS = 2000;
const UPLOADS = 1000;
const MEGABYTE = 1024 * 1024;

if (process.argv[2]) await upload(process.argv[2], process.argv[3]);
else await compare();

async function compare() {
  const server = createServer((req, res) => req.resume().on("end", () => res.end("{}")));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  try {
    await overLoopback(origin);
    await ownTime(origin);
    for (const form of ["string", "Request"])
      for (const kind of ["plain", "ours"]) console.log(await inProcess([kind, form], origin));
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function overLoopback(origin) {
  const ours = session(origin).fetch;
  const headers = { authorization: `Bearer ${"t".repeat(40)}` };
  const calls = { plain: () => fetch(origin, { headers }), ours: () => ours(origin) };
  const times = await inPairs(calls, PAIRS, (response) => response.arrayBuffer());
  const [plain, own] = [median(times.plain), median(times.ours)];
  const ratio = median(times.ours.map((time, pair) => time / times.plain[pair]));
  console.log(
    `over loopback, median of ${PAIRS} pairs: plain ${us(plain)}, ours ${us(own)}, ratio of pairs ${ratio.toFixed(3)}`,
  );
}

async function ownTime(origin) {
  const answer = new Response("{}");
  const stub = async () => answer;
  const ours = session(origin, { fetch: stub }).fetch;
  const times = await inPairs({ plain: () => stub(), ours: () => ours(origin) }, 20 * PAIRS, () => {});
  console.log(`our own time, median of ${20 * PAIRS}: ${us(median(times.ours) - median(times.plain))}`);
}

/** Runs the calls one after the other; the first of a pair alternates. */
async function inPairs(calls, pairs, finish) {
  const times = { plain: [], ours: [] };
  for (let pair = -100; pair < pairs; pair++)
    for (const kind of pair % 2 ? ["plain", "ours"] : ["ours", "plain"]) {
      const begun = performance.now();
      const response = await calls[kind]();
      const taken = performance.now() - begun;
      await finish(response);
      if (pair >= 0) times[kind].push(taken);
    }
  return times;
}

function inProcess(args, origin) {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [args.join(" "), origin]);
    child.once("message", resolve);
    child.once("error", reject);
  });
}

async function upload(what, origin) {
  const [kind, form] = what.split(" ");
  const send = kind === "ours" ? session(origin).fetch : fetch;
  const init = () => ({ method: "POST", body: "x".repeat(MEGABYTE) });
  const call = form === "Request" ? () => send(new Request(origin, init())) : () => send(origin, init());
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5);
  const begun = performance.now();
  await Promise.all(Array.from({ length: UPLOADS }, async () => (await call()).arrayBuffer()));
  clearInterval(watch);
  const tookMs = Math.round(performance.now() - begun);
  process.send(
    `${UPLOADS} uploads of 1 MB, ${form}, ${kind}: peak ${Math.round(peak / MEGABYTE)} MB, ${tookMs} ms`,
  );
  process.disconnect();
}

function session(origin, options) {
  return createRefresher({
    token_endpoint: `${origin}/token`,
    client_id: "bench",
    origins: [origin],
    background: "never",
    tokens: { access_token: "t".repeat(40), token_type: "Bearer", expires_in: 3600 },
    ...options,
  });
}

function median(list) {
  return [...list].sort((a, b) => a - b)[list.length >> 1];
}

function us(ms) {
  return `${(ms * 1000).toFixed(1)} µs`;
}
