// The README's table beside peers, made of docs/peers.md, so that the two say the same.

import { SCENARIOS } from "./scenarios/index.mjs";

/** The README's name of a client, and its label in docs/peers.md. */
const COLUMNS = [
  ["the usual twenty lines", "the usual twenty lines (C)"],
  ["oidc-client-ts", "oidc-client-ts (C)"],
  ["auth0-spa-js", "auth0-spa-js (C)"],
  ["supabase", "supabase/auth-js (C)"],
  ["google-auth-library", "google-auth-library"],
  ["this", "oauth-refresher (C)"],
];

/** What it is about, the scenario, and the words for a criterion that holds and one that does not. */
const ROWS = [
  ["two tabs at once, one-time tokens", "tabs-at-once", "kept", "lost"],
  ["lost reply, server with a grace period", "reply-lost-with-grace", "kept", "lost"],
  ["429 from the token endpoint", "too-many", "kept", "lost"],
  ["captive portal: a web page, status 200", "captive-portal", "kept", "lost"],
  ["sign-out during a refresh", "sign-out-in-flight", "stays", "undone"],
  ["the write after a rotation fails once", "save-fails-once", "kept", "lost"],
  ["token stored while the clock was two days ahead", "clock-was-ahead", "refreshed", "served expired"],
  ["20 calls while the server is down", "storm", "8 requests at most", "more"],
];

const HEAD = `| | ${COLUMNS.map(([name]) => name).join(" | ")} |`;

/** The README with the table of that page. */
export function readmeWith(readme, page) {
  const begin = readme.indexOf(HEAD);
  if (begin < 0) throw new Error(`the README has no table that begins with ${HEAD}`);
  const end = readme.indexOf("\n\n", begin);
  return readme.slice(0, begin) + tableOf(page) + readme.slice(end);
}

function tableOf(page) {
  const marks = marksOf(page);
  const rows = ROWS.map(([about, id, held, missed]) => {
    const word = ([, label]) => ({ "✓": held, "✗": missed })[marks(id, label)] ?? "–";
    return `| ${[about, ...COLUMNS.map(word)].join(" | ")} |`;
  });
  const counts = COLUMNS.map(([, label]) => countOf(page, label)).join(" | ");
  const all = `| of ${SCENARIOS.length} such behaviours: pass / fail | ${counts} |`;
  return [HEAD, `|---|${":-:|".repeat(COLUMNS.length)}`, ...rows, all].join("\n");
}

/** `(scenario, client label) => mark`, of the tables of behaviour. */
function marksOf(page) {
  const cells = (line) => line.slice(2, -2).split(" | ");
  const found = new Map();
  let head = [];
  for (const line of page.split("\n")) {
    if (line.startsWith("| scenario | criterion |")) head = cells(line);
    else if (!line.startsWith("|")) head = [];
    else {
      const [title, criterion, ...marks] = cells(line);
      marks.forEach((mark, at) => found.set(`${title} | ${criterion} | ${head[at + 2]}`, mark));
    }
  }
  return (id, label) => {
    const { title, criterion, changed } = SCENARIOS.find((scenario) => scenario.id === id);
    return found.get(`${title}${changed ? " †" : ""} | ${criterion} | ${label}`);
  };
}

function countOf(page, label) {
  const name = label.replace(" (C)", "");
  const where = label.endsWith(" (C)") ? "Chromium" : "Node";
  const row = page.split("\n").find((line) => line.startsWith(`| ${name} | ${where} | `));
  const [, , , pass, fail] = row.split("|").map((cell) => cell.trim());
  return `${pass} / ${fail}`;
}
