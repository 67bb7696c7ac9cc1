// tests/GUARANTEES.md: every test that it names exists under that name, and every promise has a test or a reason.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { isThere, namedBy, range, rowsOf } from "./tables.mjs";

/** A reason for a row without a test. */
const REASON = /^(later|outside): \S/;
const WANTED = {
  G: [...range(1, 25), 30, ...range(33, 46)],
  I: range(1, 12),
  E: range(1, 40),
  R: range(1, 10),
};

const rows = rowsOf("GUARANTEES.md", "GIER");

test("every promise has its row, and every row has a test or a reason", (t) => {
  for (const [kind, numbers] of Object.entries(WANTED))
    assert.deepEqual(
      rows.filter((row) => row.kind === kind).map(({ number }) => number),
      numbers,
    );
  for (const { kind, number, claims, proof } of rows)
    assert.ok(claims.length > 0 || REASON.test(proof), `${kind}${number}`);
  const proven = rows.filter(({ claims }) => claims.length).length;
  t.diagnostic(`${rows.length} promises, ${proven} with tests, ${namedBy(rows)} tests named`);
});

for (const { kind, number, claims } of rows)
  test(`the tests that prove ${kind}${number} exist under their names`, () => {
    for (const [file, name] of claims) assert.ok(isThere(file, name), `${file}: ${name}`);
  });

test("a missing name is detected", () => {
  assert.ok(isThere("node/guarantees.test.mjs", "a missing name is detected"));
  for (const name of ["a missing name", "missing name is detected", "isThere"])
    assert.ok(!isThere("node/guarantees.test.mjs", name), name);
  assert.ok(!isThere("node/nowhere.test.mjs", "a missing name is detected"));
});
