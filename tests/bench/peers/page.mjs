// Writes docs/peers.md from the results of a run. The test that holds the page reads it by the same names.

import { GOALS, judged } from "./goals.mjs";
import { CONDITIONS } from "./start-pages.mjs";
import { behaviourSections } from "./page-behaviour.mjs";

export const TITLE = "# Beside its peers";
export const SECTIONS = [
  "What these tables do not show",
  "Versions",
  "Goals",
  "Weight",
  "CPU",
  "From the start to the first token",
  "Behaviour",
];
const OURS = "oauth-refresher";

const CPU_TABLES = [
  ["refresh", "one refresh without network, µs", (row) => `${row.median} (${row.least})`],
  ["fresh", "a call while the token is fresh, µs", (row) => `${row.median} (${row.least})`],
  ["fetch", "a request through the wrapper of fetch, µs", (row) => `${row.median} (${row.least})`],
  [
    "joined",
    "10,000 callers that join, ms; requests",
    (row) => `${row.median} (${row.least}); ${row.requests}`,
  ],
  ["idle", "heap of an idle instance, bytes", (row) => `${thousands(row.median)}`],
];

/** The whole page. A part that was not run is said to be missing. */
export function pageOf(results) {
  const { run } = results;
  const sections = {
    "What these tables do not show": LIMITS,
    Versions: versions(run),
    Goals: goals(results),
    Weight: results.bytes ? weight(results.bytes) : missing(run, "bytes"),
    CPU: results.cpu ? cpu(results.cpu) : missing(run, "cpu"),
    "From the start to the first token": starts(results),
    Behaviour: results.behaviour ? behaviourSections(results.behaviour) : missing(run, "behaviour"),
  };
  const body = SECTIONS.map((name) => `## ${name}\n\n${sections[name].trim()}\n`).join("\n");
  return `${TITLE}\n\n${introduction(run)}\n\n${body}`;
}

function introduction({ date, commit, machine, node, chromium, load, minutes, quick, again = [] }) {
  const later = again.map(
    (part) =>
      `\n\nRun again on its own after that: ${part.names.join(", ")}, on ${part.date}, of the package at commit ${part.commit}, under a load of ${part.load.before} to ${part.load.after}.`,
  );
  return `Written by \`cargo xtask bench\` on ${date}, of the package at commit ${commit}, in one run of ${minutes} minutes${quick ? " (`--quick`: few rounds)" : ""}:
${machine}, Node ${node}, ${chromium ?? "no Chromium"}. The load average was ${load.before} when it began and ${load.after} when it
ended (1 is one busy core; above the number of cores, times of the clock are longer than on a quiet machine, and CPU times too,
since caches are shared). The contenders alternate, so ratios hold better than the figures. Each figure is the median of its rounds, with
the least in brackets. Nothing is left out where we lose.${later.join("")}`;
}

const LIMITS = `- The scenarios come from our own list of how sessions are lost, so we pass most of them by construction. Another author would ask other
  things. What a library has no place for is not counted against it ("–").
- Most peers also log in, log out, open iframes and pop-ups, and know one provider in depth. This package does none of that, and the bytes
  of a login library that is needed beside it are not in its figure.
- Each peer is used as its documentation says, with default options unless a scenario names one. A wrapper around a peer can mend much of
  what fails here; what is asked is what it does by itself.
- The authorization server is scripted, in memory or on loopback. Latency, TLS and a real server's work are not in any figure.
- One machine, one version of Node and one of Chromium. Firefox, Safari, phones and other runtimes are not measured; the slow network and the
  slow CPU are Chromium's emulation.
- Criteria and goals were written before the run, in \`tests/bench/peers\`. One that was changed after a result was seen has a †.`;

function versions({ versions }) {
  const rows = Object.entries(versions).map(([name, version]) => [name, version]);
  return table(["package", "version"], rows);
}

function goals(results) {
  const rows = GOALS.map((goal) => [goal, judged(goal, results)])
    .filter(([, judgement]) => judgement)
    .map(([goal, { limit, median, least, met }]) => [
      goal.title + (goal.changed ? " †" : ""),
      limit,
      median,
      least,
      met ? "met" : "**not met**",
    ]);
  const changed = GOALS.filter((goal) => goal.changed).map(
    ({ title, changed }) => `\n† ${title}: ${changed}`,
  );
  return `The goals of this project for its own figures; medians decide.\n\n${table(["", "at most", "by medians", "by the least", ""], rows)}${changed.join("")}`;
}

function weight(rows) {
  const shown = rows.map(({ name, does, atOnce, later }) => [
    bold(name),
    does,
    thousands(atOnce),
    later ? thousands(later) : "",
    thousands(atOnce + later),
  ]);
  return `Bytes of what an application imports for a refresh and what comes with it, minified by esbuild with splitting, brotli 11. "Later" is what
is loaded by \`import()\`, when it is needed.\n\n${table(["import", "besides a refresh", "at once", "later", "in all"], shown)}`;
}

function cpu(results) {
  const names = [...new Set(CPU_TABLES.flatMap(([key]) => Object.keys(results[key])))];
  const rows = names.map((name) => [
    bold(name),
    ...CPU_TABLES.map(([key, , shown]) => (results[key][name] ? shown(results[key][name]) : "–")),
  ]);
  return `CPU time of all threads of a Node process; the token endpoint is a function that answers at once. Ours includes what the others leave to the
caller: locks, a save of the mark before the request and of the tokens after it.\n\n${table(["", ...CPU_TABLES.map(([, title]) => title)], rows)}`;
}

function starts(results) {
  const parts = [];
  if (results.process) {
    const rows = Object.keys(results.process.fresh).map((name) => [
      bold(name),
      ...["fresh", "expired"].flatMap((state) => {
        const { cpu, wall } = results.process[state][name];
        return [`${cpu.median} (${cpu.least})`, `${wall.median} (${wall.least})`];
      }),
    ]);
    parts.push(`A fresh Node process each time, the session in a file; ms of CPU and of the clock.

${table(["Node", "fresh: CPU", "clock", "expired: CPU", "clock"], rows)}`);
  } else parts.push(missing(results.run, "process"));
  if (results.page) {
    const names = [...new Set(Object.values(results.page).flatMap((rows) => Object.keys(rows)))];
    const conditions = CONDITIONS.filter(({ id }) => results.page[id]);
    const rows = names.map((name) => [
      bold(name),
      ...conditions.map(({ id }) => {
        const figure = results.page[id][name];
        return figure ? `${figure.median} (${figure.least})` : "–";
      }),
    ]);
    parts.push(`A new document each time in one tab of Chromium, ES modules; ms of the clock from the start of the navigation. A warm cache holds the scripts and
their compiled code. Slow is Lighthouse's "Fast 3G" with a CPU four times slower.

${table(["Chromium", ...conditions.map(({ title }) => title)], rows)}`);
  } else parts.push(missing(results.run, "page"));
  return parts.join("\n\n");
}

export function missing(run, part) {
  return `Not measured in this run${run.left?.[part] ? `: ${run.left[part]}` : ""}.`;
}

export function table(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = `|${head.map((_, at) => (at === 0 ? "---" : "--:")).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

function bold(name) {
  return name === OURS ? `**${name}**` : name;
}

function thousands(number) {
  return number.toLocaleString("en");
}
