// The table of promises: every test it names is there, under that name, and no row is without one.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";

const TESTS = new URL("../", import.meta.url);
const table = readFileSync(new URL("GUARANTEES.md", TESTS), "utf8");

/** A reason for a row without a test. */
const REASON = /^(later|outside): \S/;
const WANTED = {
  G: [...range(1, 25), 30, ...range(33, 43)],
  I: range(1, 12),
  E: range(1, 40),
  R: range(1, 10),
};

const rows = [...table.matchAll(/^\| ([GIER])(\d+) \| (.+) \| (.+) \|$/gm)].map(
  ([, kind, number, promise, proof]) => ({
    kind,
    number: Number(number),
    promise,
    proof,
    claims: claimsOf(proof),
  }),
);

test("every_promise_has_its_row_and_every_row_a_test_or_a_reason", (t) => {
  for (const [kind, numbers] of Object.entries(WANTED))
    assert.deepEqual(
      rows.filter((row) => row.kind === kind).map(({ number }) => number),
      numbers,
    );
  for (const { kind, number, claims, proof } of rows)
    assert.ok(claims.length > 0 || REASON.test(proof), `${kind}${number}`);
  const proven = rows.filter(({ claims }) => claims.length).length;
  t.diagnostic(
    `${rows.length} promises, ${proven} with tests, ${new Set(rows.flatMap(({ claims }) => claims.map(String))).size} tests named`,
  );
});

for (const { kind, number, claims } of rows)
  test(`the_tests_that_prove_${kind}${number}_are_there_under_their_names`, () => {
    for (const [file, name] of claims) assert.ok(isThere(file, name), `${file}: ${name}`);
  });

test("a_name_that_is_not_there_is_missed", () => {
  assert.ok(isThere("node/guarantees.test.mjs", "a_name_that_is_not_there_is_missed"));
  for (const name of ["a_name_that_is_not_there", "name_that_is_not_there_is_missed", "isThere"])
    assert.ok(!isThere("node/guarantees.test.mjs", name), name);
  assert.ok(!isThere("node/nowhere.test.mjs", "a_name_that_is_not_there_is_missed"));
});

/** Names as the file writes them: of a test, of a claim that several runtimes run, of a test in Rust. */
function isThere(file, name) {
  const place = new URL(file.startsWith("src/") ? `../${file}` : file, TESTS);
  if (!existsSync(place)) return false;
  const text = readFileSync(place, "utf8");
  const plain = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const written = file.endsWith(".rs")
    ? `#\\[test\\]\\s+fn ${plain}\\(\\)`
    : `\\btest\\(\\s*["\`]${plain}["\`],|^  async ${plain}\\(`;
  return new RegExp(written, "m").test(text);
}

/** `file` "name", "name" `file` "name": each name with the file before it. */
function claimsOf(proof) {
  let file;
  const found = [];
  for (const [, path, name] of proof.matchAll(/`([^`]+)`|"((?:[^"\\]|\\.)+)"/g))
    if (path !== undefined) file = path;
    else found.push([file, name.replaceAll('\\"', '"')]);
  return found;
}

function range(from, to) {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
