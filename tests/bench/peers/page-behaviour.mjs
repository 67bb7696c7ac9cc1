// The behaviour tables of docs/peers.md: how many scenarios each client passes, which, and what was seen where one failed.

import { CHAPTERS, SCENARIOS } from "./scenarios/index.mjs";

const MARK = { pass: "✓", fail: "✗", error: "✗" };
const LONGEST_EVIDENCE = 160;

export function behaviourSections(clients) {
  return [
    counts(clients),
    ...CHAPTERS.map((chapter) => chapterTable(chapter, clients)),
    changes(),
    evidence(clients),
  ]
    .filter(Boolean)
    .join("\n\n");
}

/** How many scenarios a client was asked, and how many it passed. */
export function countsOf({ rows }) {
  const count = (...results) => rows.filter(({ result }) => results.includes(result)).length;
  return { pass: count("pass"), fail: count("fail", "error") };
}

export function labelOf({ name, where }) {
  return where === "Chromium" ? `${name} (C)` : name;
}

function counts(clients) {
  const rows = clients.map((client) => {
    const { pass, fail } = countsOf(client);
    return `| ${client.name} | ${client.where} | ${pass} | ${fail} | ${SCENARIOS.length - pass - fail} |`;
  });
  return `${SCENARIOS.length} scenarios. A client is asked what it has a place for: one that does a single exchange keeps no session, one without a
wrapper of fetch repeats no request. Each peer has one row: in Chromium if it is made for pages, else in Node. The twenty lines are those of a
page, and supabase/auth-js has its lock (navigator.locks) in pages only, so neither has a row for Node.

| client | in | pass | fail | no place for it |
|---|---|--:|--:|--:|
${rows.join("\n")}

✓ the criterion holds, ✗ it does not, – no place for it; (C) in Chromium, else in Node.`;
}

function chapterTable({ title, scenarios }, clients) {
  const shown = clients.filter(({ rows }) => scenarios.some(({ id }) => rows.some((row) => row.id === id)));
  const head = ["scenario", "criterion", ...shown.map(labelOf)];
  const rows = scenarios.map((scenario) => [
    scenario.title + (scenario.changed ? " †" : ""),
    scenario.criterion,
    ...shown.map(({ rows }) => MARK[rows.find(({ id }) => id === scenario.id)?.result] ?? "–"),
  ]);
  return `### ${title}

${line(head)}
|---|---|${":-:|".repeat(shown.length)}
${rows.map(line).join("\n")}`;
}

function changes() {
  const changed = SCENARIOS.filter((scenario) => scenario.changed);
  return changed.map(({ title, changed }) => `† ${title}: ${changed}`).join("\n\n");
}

function evidence(clients) {
  const lists = clients.flatMap((client) => {
    const failed = client.rows.filter(({ result }) => result === "fail" || result === "error");
    return failed.map(
      ({ id, result, evidence }) =>
        `- ${labelOf(client)}, ${titleOf(id)}: ${result === "error" ? "an error: " : ""}${plain(evidence)}`,
    );
  });
  return `### What was seen where a criterion does not hold

${lists.join("\n")}`;
}

function titleOf(id) {
  return SCENARIOS.find((scenario) => scenario.id === id)?.title ?? id;
}

/** One line, without a path of this machine or a port, and nothing that Markdown reads. */
function plain(text) {
  return text
    .replace(/\bfile:\/\/\S+/g, "…")
    .replace(/https?:\/\/\w+\.localhost:\d+[^\s,)]*/g, "…")
    .replace(/\b127\.0\.0\.1:\d+/g, "loopback")
    .replace(/\s+/g, " ")
    .replace(/[<>|*_`[\]]/g, (character) => `\\${character}`)
    .slice(0, LONGEST_EVIDENCE)
    .replace(/\\$/, "")
    .trim();
}

function line(cells) {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
