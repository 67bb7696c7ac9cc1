// The table of docs/providers.md, generated from the rows and from the options that the presets return.

import { chosen, namesOf, optionsOf, shownReuse } from "./declarations.mjs";

const BEGIN = "<!-- this table is generated: cargo xtask generate -->";
const END = "<!-- end of the table -->";

/** The page with its table replaced. */
export function withTable(page, rows) {
  const [before, after] = [page.split(BEGIN)[0], page.split(END)[1]];
  return `${before}${BEGIN}\n\n${table(rows)}\n\n${END}${after}`;
}

function table(rows) {
  const head = [
    "provider",
    "function",
    "access token",
    "refresh token",
    "rotation",
    "`reuse`",
    "refreshed at least every",
    "not verified",
    "source",
  ];
  return [head, head.map(() => "---"), ...rows.map((row) => (row.without ? without(row) : cells(row)))]
    .map((line) => `| ${line.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");
}

function cells(row) {
  const { reuse, keepAliveSeconds } = chosen(row);
  const options = optionsOf(row).map(({ name, optional }) => name + (optional ? "?" : ""));
  const [name, ...others] = namesOf(row);
  const call = `\`${name}(${options.length ? `{ ${options.join(", ")} }` : ""})\``;
  return [
    row.name,
    call + (others.length ? ` also ${others.map((other) => `\`${other}\``).join(", ")}` : ""),
    row.lifetimes.access,
    row.lifetimes.refresh,
    row.rotation.says,
    shownReuse(reuse),
    keepAliveSeconds ? `${keepAliveSeconds / 86_400} d` : "",
    row.unverified?.join(", ") ?? "",
    row.source,
  ];
}

const without = (row) => [row.name, `none: ${row.without}`, "", "", "", "", "", "", row.source];
