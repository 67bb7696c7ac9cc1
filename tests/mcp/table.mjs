// Runs the rows of scenarios.mjs: node table.mjs [--write] [column name] [part of a row's name]. With --write the table goes into docs/mcp.md.

import { readFileSync, writeFileSync } from "node:fs";
import { columns, startRig } from "./rig.mjs";
import { scenarios } from "./scenarios.mjs";

const DOCUMENT = new URL("../../docs/mcp.md", import.meta.url);
const [BEGIN, END] = [
  "<!-- the table is written by tests/mcp/table.mjs -->",
  "<!-- the end of the table -->",
];

/** The figures of one cell; undefined where a column cannot do what the row is about. */
export async function cell(scenario, column) {
  if (scenario.isWithout?.(column)) return;
  const rig = await startRig(column, { ...scenario, started: await scenario.started?.() });
  try {
    await scenario.run(rig);
    return rig.figures();
  } finally {
    await rig.close();
  }
}

/** The figures of all columns, which run beside each other. */
export const row = (scenario, those = columns) => Promise.all(those.map((column) => cell(scenario, column)));

export const shown = (figures) =>
  figures
    ? `${figures.failed}/${figures.calls} · ${figures.logins} · ${figures.secondUses}`
    : "not supported";

export function write(rows) {
  const lines = [
    `| | ${columns.map(({ name }) => name).join(" | ")} |`,
    `|---|${columns.map(() => "---").join("|")}|`,
    ...rows.map(
      ([{ name, note }, cells]) => `| ${name}${note ? ` (${note})` : ""} | ${cells.map(shown).join(" | ")} |`,
    ),
  ];
  const text = readFileSync(DOCUMENT, "utf8");
  const [before] = text.split(BEGIN);
  const [, after] = text.split(END);
  writeFileSync(DOCUMENT, `${before}${BEGIN}\n\n${lines.join("\n")}\n\n${END}${after}`);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const words = process.argv.slice(2).filter((word) => word !== "--write");
  const isMeant = ({ name }, all) => {
    const own = words.filter((word) => all.some((other) => other.name.includes(word)));
    return !own.length || own.some((word) => name.includes(word));
  };
  const rows = [];
  for (const scenario of scenarios.filter((each) => isMeant(each, scenarios))) {
    const cells = await row(
      scenario,
      columns.filter((each) => isMeant(each, columns)),
    );
    rows.push([scenario, cells]);
    console.log(`${scenario.name}: ${cells.map(shown).join(" | ")}`);
    if (process.env.RIG_ERRORS) for (const each of cells) console.log("   ", each?.errors);
  }
  if (process.argv.includes("--write")) write(rows);
}
