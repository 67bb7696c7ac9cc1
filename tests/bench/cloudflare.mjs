// The costs of a vault in workerd, with the packed package: calls beside an empty Durable Object method, refreshes, memory, cold starts.
// The compared variants alternate, and the figures are medians (least – most), because the machine is noisy.
//
//   node tests/bench/cloudflare.mjs [calls|refreshes|memory|start] [rounds]

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { WebSocket } from "ws";
import { AS_WRANGLER, bundled, COMPATIBILITY_DATE } from "../runtimes/bundle.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const REFRESHERS = 10_000;

const [what, rounds] = process.argv.slice(2);
const benches = { calls, refreshes, memory, start };
for (const [name, bench] of Object.entries(benches))
  if (!what || what === name) await bench(rounds ? Number(rounds) : undefined);

async function calls(pairs = 200) {
  await inWorker(async (ask) => {
    await ask("login");
    for (const width of [1, 32]) {
      const count = 300;
      const load = (kind) => () => ask("load", { kind, count, width });
      const kinds = { empty: load("empty"), token: load("token"), vault: load("vault") };
      const times = await inTurns(kinds, pairs);
      console.log(`${width} at a time, ${pairs} rounds of ${count} calls each: calls per second`);
      report("an empty method", perSecond(times.empty, count));
      report("a method that answers a token", perSecond(times.token, count));
      report("vault.getAccessToken()", perSecond(times.vault, count));
      report("ratio to the empty method", ratios(times.empty, times.vault), 3);
      report("ratio to the one with a token", ratios(times.token, times.vault), 3);
    }
  });
}

async function refreshes(rounds = 30) {
  for (const where of ["in memory", "on disk"])
    await inWorker(
      async (ask) => {
        const count = 200;
        const times = { 1: [], 32: [] };
        for (let round = -1; round < rounds; round++)
          for (const width of [1, 32]) {
            await ask("logins", { count });
            const ms = await timed(() => ask("refreshes", { count, width }));
            if (round >= 0) times[width].push(ms);
          }
        console.log(`storage ${where}, ${rounds} rounds of ${count} vaults, refreshes per second`);
        for (const [width, all] of Object.entries(times)) report(`${width} at a time`, perSecond(all, count));
      },
      { unsafeEphemeralDurableObjects: where === "in memory" },
    );
}

async function memory() {
  console.log(`bytes for each of ${REFRESHERS} refreshers`);
  for (const state of ["created", "with tokens"]) {
    const said = execFileSync(
      process.execPath,
      ["--expose-gc", "--input-type=module", "--eval", inNode(state)],
      {
        cwd: HERE,
        encoding: "utf8",
      },
    );
    console.log(`  Node, ${state}: ${said.trim()}`);
  }
  await inWorker(
    async (ask, heap) => {
      const used = async (count) => ({ wasm: await ask("refreshers", { count }), heap: await heap() });
      const before = await used(1);
      const after = await used(REFRESHERS);
      const each = (name) => ((after[name] - before[name]) / REFRESHERS).toFixed(0);
      console.log(`  one workerd isolate, with tokens: heap ${each("heap")}, wasm ${each("wasm")}`);
    },
    { inspectorPort: 0 },
  );
}

function inNode(state) {
  return `
  import { createRefresher } from "oauth-refresher";
  const memories = [];
  const { instantiate, Instance } = WebAssembly;
  WebAssembly.Instance = class extends Instance {
    constructor(...given) {
      super(...given);
      memories.push(this.exports.memory);
    }
  };
  const fetch = async () => new Response("{}");
  const made = async (i) => {
    const refresher = createRefresher({ token_endpoint: "https://auth.example/token", client_id: "bench", fetch });
    if (${state === "with tokens"})
      await refresher.setTokens({ access_token: i + "${"a".repeat(800)}", refresh_token: "r" + i + "-0123456789abcdef0123456789abcdef", expires_in: 3600 });
    return refresher;
  };
  const wasm = () => memories.reduce((all, { buffer }) => all + buffer.byteLength, 0);
  const used = async () => {
    for (let i = 0; i < 5; i++) { await new Promise((resolve) => setTimeout(resolve, 20)); gc(); }
    return { heap: process.memoryUsage().heapUsed, wasm: wasm() };
  };
  globalThis.kept = [await made("first")];
  const before = await used();
  for (let i = 0; i < ${REFRESHERS}; i++) kept.push(await made(i));
  const after = await used();
  const each = (name) => ((after[name] - before[name]) / ${REFRESHERS}).toFixed(0);
  console.log("heap " + each("heap") + ", wasm " + each("wasm") + ", instances " + memories.length);
  process.exit();
`;
}

/** The time from a new isolate to its first response in a running process, with and without the import. */
async function start(pairs = 60) {
  const kinds = {
    "an empty Worker": 'export default { fetch: () => new Response("") };',
    "one that imports the package": `import { createRefresher } from "oauth-refresher";
      export default { fetch: () => new Response(typeof createRefresher) };`,
    "one with a vault": `import { TokenVault } from "oauth-refresher/cloudflare";
      export class Vault extends TokenVault {}
      export default { fetch: () => new Response("") };`,
    "one that has a token of a refresher": `import { createRefresher } from "oauth-refresher";
      const tokens = { access_token: "a", expires_in: 3600 };
      const options = { token_endpoint: "https://auth.example/token", client_id: "bench", tokens };
      export default { fetch: async () => new Response(await createRefresher(options).getAccessToken()) };`,
  };
  const workers = {};
  for (const [name, contents] of Object.entries(kinds)) workers[name] = await minified(contents);
  const loader = {
    modules: [
      {
        type: "ESModule",
        path: "worker.mjs",
        contents: `export default {
          async fetch(request, { LOADER }) {
            const { id, js, wasm } = await request.json();
            const modules = { "worker.js": js };
            if (wasm) modules["core.wasm"] = { wasm: Uint8Array.from(atob(wasm), (c) => c.charCodeAt(0)).buffer };
            const code = { compatibilityDate: "${COMPATIBILITY_DATE}", mainModule: "worker.js", modules };
            return LOADER.get(id, () => code).getEntrypoint().fetch("http://worker/");
          }
        };`,
      },
    ],
    compatibilityDate: COMPATIBILITY_DATE,
    workerLoaders: { LOADER: {} },
  };
  const workerd = new Miniflare(loader);
  try {
    const url = await workerd.ready;
    let id = 0;
    const respond = async (body) => {
      const response = await fetch(url, { method: "POST", body });
      const text = await response.text();
      if (!response.ok) throw new Error(text);
    };
    const first = (worker) => async () => {
      const body = JSON.stringify({ id: String(++id), ...worker });
      const cold = await timed(() => respond(body));
      return cold - (await timed(() => respond(body)));
    };
    const isolates = Object.fromEntries(
      Object.entries(workers).map(([name, worker]) => [name, first(worker)]),
    );
    const times = await inTurns(isolates, pairs, true);
    console.log(`a new isolate's first response, less its second, ${pairs} rounds: ms`);
    const [empty, ...others] = Object.entries(times);
    report(...empty, 2);
    for (const [name, all] of others) {
      report(name, all, 2);
      const more = all.map((ms, round) => ms - empty[1][round]);
      report("  more than the empty one, paired", more, 2);
    }
  } finally {
    await workerd.dispose();
  }
}

async function minified(contents) {
  const { outputFiles } = await build({
    ...AS_WRANGLER,
    stdin: { contents, resolveDir: HERE },
    minify: true,
  });
  const wasm = outputFiles.find(({ path }) => path.endsWith(".wasm"));
  const js = outputFiles.find(({ path }) => path.endsWith(".js")).text;
  return { js, ...(wasm && { wasm: Buffer.from(wasm.contents).toString("base64") }) };
}

async function inWorker(bench, options = {}) {
  const { modules } = await bundled(`${HERE}cloudflare-worker.mjs`);
  const workerd = new Miniflare({
    modules,
    compatibilityDate: COMPATIBILITY_DATE,
    durableObjects: {
      VAULT: { className: "Vault", useSQLite: true },
      EMPTY: { className: "Empty", useSQLite: true },
    },
    ...options,
  });
  try {
    const url = await workerd.ready;
    const ask = async (...call) => {
      const response = await fetch(url, { method: "POST", body: JSON.stringify(call) });
      const text = await response.text();
      if (!response.ok) throw new Error(text);
      return JSON.parse(text);
    };
    await bench(ask, () => heapOf(workerd));
  } finally {
    await workerd.dispose();
  }
}

/** Heap of the isolate after a garbage collection. */
async function heapOf(workerd) {
  const inspector = await workerd.getInspectorURL();
  const list = await (await fetch(new URL("/json", inspector.href.replace(/^ws/, "http")))).json();
  const socket = new WebSocket(list[0].webSocketDebuggerUrl);
  await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
  let last = 0;
  const command = (method) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      const heard = ({ data }) => {
        const message = JSON.parse(data);
        if (message.id !== id) return;
        socket.removeEventListener("message", heard);
        if (message.error) reject(new Error(message.error.message));
        else resolve(message.result);
      };
      socket.addEventListener("message", heard);
      socket.send(JSON.stringify({ id, method }));
    });
  await command("HeapProfiler.takeHeapSnapshot"); // collects garbage first, and answers
  const { usedSize } = await command("Runtime.getHeapUsage");
  socket.close();
  return usedSize;
}

/** Milliseconds of each variant, or its result. The variants alternate, and another one is first in each round. */
async function inTurns(kinds, count, answers = false) {
  const names = Object.keys(kinds);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -2; round < count; round++)
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + Math.abs(round)) % names.length];
      const value = answers ? await kinds[name]() : await timed(kinds[name]);
      if (round >= 0) times[name].push(value);
    }
  return times;
}

function perSecond(times, count) {
  return times.map((ms) => (1000 * count) / ms);
}

function ratios(some, others) {
  return some.map((ms, i) => ms / others[i]);
}

async function timed(work) {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

function report(name, all, digits = 0) {
  const sorted = all.toSorted((a, b) => a - b);
  const [median, least, most] = [sorted[sorted.length >> 1], sorted[0], sorted.at(-1)];
  console.log(
    `  ${name.padEnd(40)} ${median.toFixed(digits)} (${least.toFixed(digits)} – ${most.toFixed(digits)})`,
  );
}
