// What the terminal shows: lines and a table, with colour where there is a terminal that wants it.

const wantsColour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code) => (text) => (wantsColour ? `\x1b[${code}m${text}\x1b[0m` : String(text));

export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);

export const say = (line = "") => process.stdout.write(`${line}\n`);

/** Rows of equal keys; numbers to the right. */
export function table(rows) {
  const names = Object.keys(rows[0]);
  const widths = names.map((name) =>
    Math.max(...[name, ...rows.map((row) => row[name])].map((cell) => String(cell).length)),
  );
  const line = (cells) =>
    cells.map((cell, i) =>
      typeof rows[0][names[i]] === "number"
        ? String(cell).padStart(widths[i])
        : String(cell).padEnd(widths[i]),
    );
  return [
    bold(line(names).join("  ")),
    dim(widths.map((width) => "─".repeat(width)).join("──")),
    ...rows.map((row) => line(names.map((name) => row[name])).join("  ")),
  ].join("\n");
}
