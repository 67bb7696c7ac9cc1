// One client in a Node process: a line of JSON for each scenario. `node behaviour-node.mjs CLIENT id,…`

import { writeSync } from "node:fs";
import { ALL_CLIENTS } from "./adapters/all.mjs";
import { play } from "./scenarios/judge.mjs";
import { SCENARIOS } from "./scenarios/index.mjs";

const [name, ids] = process.argv.slice(2);
const client = ALL_CLIENTS.find((known) => known.name === name);
// a library that leaves a rejection behind shall not end the others' scenarios
process.on("unhandledRejection", () => {});
process.on("uncaughtException", () => {});

for (const id of ids.split(",")) {
  const row = await play(
    SCENARIOS.find((scenario) => scenario.id === id),
    client,
  );
  writeSync(1, `${JSON.stringify(row)}\n`);
}
process.exit();
