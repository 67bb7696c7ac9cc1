// Parses the tables of guarantees and requirements, whose rows name the tests that prove them. Not a test by itself.

import { existsSync, readFileSync } from "node:fs";

const TESTS = new URL("../", import.meta.url);

/** The items `- **A1** claim` with their nested lists of tests, of the kinds with those letters. */
export function rowsOf(file, kinds) {
  const text = readFileSync(new URL(file, TESTS), "utf8");
  const items = text.matchAll(
    new RegExp(`^- \\*\\*([${kinds}])(\\d+)\\*\\* ([^]*?)\\n  - ([^]*?)(?=\\n(?!  ))`, "gm"),
  );
  return [...items].map(([, kind, number, promise, proof]) => ({
    kind,
    number: Number(number),
    promise,
    proof,
    claims: /^(later|outside):/.test(proof) ? [] : claimsOf(proof),
  }));
}

/** Whether the file has a test, a claim for several runtimes, or a Rust test of that name. */
export function isThere(file, name) {
  const place = new URL(file.startsWith("src/") ? `../${file}` : file, TESTS);
  if (!existsSync(place)) return false;
  const text = readFileSync(place, "utf8");
  const plain = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const written = file.endsWith(".rs")
    ? `#\\[test\\]\\s+fn ${plain}\\(\\)`
    : `\\btest\\(\\s*["\`]${plain}["\`],|^  async "?${plain}"?\\(`;
  return new RegExp(written, "m").test(text);
}

export const range = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** The number of different tests that the rows name. */
export const namedBy = (rows) => new Set(rows.flatMap(({ claims }) => claims.map(String))).size;

/** Lines of a file and a name: `file` "name". */
function claimsOf(proof) {
  let file;
  const found = [];
  for (const [, path, name] of proof.matchAll(/`([^`]+)`|"((?:[^"\\]|\\.)+)"/g))
    if (path !== undefined) file = path;
    else found.push([file, name.replaceAll('\\"', '"')]);
  return found;
}
