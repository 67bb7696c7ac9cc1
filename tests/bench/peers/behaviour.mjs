// Plays every scenario with every client, in Node processes and in pages of Chromium. Prints JSON.
//   node behaviour.mjs [--quick] [--clients name,…] [--scenarios id,…]    --quick: without the slowest scenarios

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ALL_CLIENTS } from "./adapters/all.mjs";
import { isAble } from "./scenarios/judge.mjs";
import { SCENARIOS } from "./scenarios/index.mjs";
import { playInPages } from "./behaviour-page.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const LIMIT_MS = 7 * 60_000;
/** Node processes at a time: most of their time they wait. */
const AT_ONCE = 5;
const BROWSERS_AT_ONCE = 3;
/** What takes more than ten seconds with most clients. */
const SLOW = ["storm", "silent-server", "silent-server-then", "endless-body", "callers-server-down"];

const argument = (name) => process.argv[process.argv.indexOf(name) + 1]?.split(",");
const clients = process.argv.includes("--clients") ? argument("--clients") : undefined;
const named = process.argv.includes("--scenarios") ? argument("--scenarios") : undefined;
const quick = process.argv.includes("--quick");
const ids = SCENARIOS.map(({ id }) => id).filter((id) =>
  named ? named.includes(id) : !quick || !SLOW.includes(id),
);

const wanted = ALL_CLIENTS.filter(({ name }) => !clients || clients.includes(name));
const inNode = wanted.filter(({ runs }) => runs.includes("Node"));
const inPages = wanted.filter(({ runs }) => runs.includes("Chromium"));
const chromium = process.env.CHROMIUM || "/usr/bin/chromium";

const results = [];
const withoutTabs = ids.filter((id) => !SCENARIOS.find((scenario) => scenario.id === id).inTabs);
await Promise.all([pooled(inNode, AT_ONCE, inProcess), inBrowser()]);
const order = (name) => ALL_CLIENTS.findIndex((client) => client.name === name);
results.sort((a, b) => order(a.name) - order(b.name) || b.where.localeCompare(a.where));
console.log(JSON.stringify(results));
process.exit();

async function inBrowser() {
  if (!existsSync(chromium)) return console.error(`there is no Chromium at ${chromium}: pages are left out`);
  await pooled(inPages, BROWSERS_AT_ONCE, async (client) => {
    const rows = await playInPages(client, ids, chromium).catch((error) => broken(error.message));
    finished(client, "Chromium", rows);
  });
}

async function inProcess({ name }) {
  const child = spawn(process.execPath, ["behaviour-node.mjs", name, withoutTabs.join(",")], {
    cwd: HERE,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  child.stdout.on("data", (chunk) => (printed += chunk));
  child.stderr.resume();
  const limit = setTimeout(() => child.kill(), LIMIT_MS);
  await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(limit);
  const lines = printed.split("\n").filter((line) => line.startsWith("{"));
  const rows = lines.map((line) => JSON.parse(line));
  const client = ALL_CLIENTS.find((known) => known.name === name);
  const left = SCENARIOS.filter((scenario) => withoutTabs.includes(scenario.id) && isAble(client, scenario))
    .filter(({ id }) => !rows.some((row) => row.id === id))
    .map(({ id }) => ({ id, result: "error", evidence: "the process ended before it" }));
  finished(client, "Node", [...rows, ...left]);
}

function finished({ name }, where, rows) {
  const count = (result) => rows.filter((row) => row.result === result).length;
  console.error(`${name} in ${where}: ${count("pass")} pass, ${count("fail") + count("error")} fail`);
  results.push({ name, where, rows: rows.filter(({ result }) => result !== "none") });
}

function broken(evidence) {
  return ids.map((id) => ({ id, result: "error", evidence }));
}

async function pooled(items, size, work) {
  const waiting = [...items];
  const lane = async () => {
    while (waiting.length) await work(waiting.shift());
  };
  await Promise.all(Array.from({ length: size }, lane));
}
