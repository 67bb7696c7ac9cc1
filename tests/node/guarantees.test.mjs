// The table of promises: every test it names is there, under that name, and no row is without one.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { isThere, namedBy, range, rowsOf } from "./tables.mjs";

/** A reason for a row without a test. */
const REASON = /^(later|outside): \S/;
const WANTED = {
  G: [...range(1, 25), 30, ...range(33, 43)],
  I: range(1, 12),
  E: range(1, 40),
  R: range(1, 10),
};

const rows = rowsOf("GUARANTEES.md", "GIER");

test("every_promise_has_its_row_and_every_row_a_test_or_a_reason", (t) => {
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
  test(`the_tests_that_prove_${kind}${number}_are_there_under_their_names`, () => {
    for (const [file, name] of claims) assert.ok(isThere(file, name), `${file}: ${name}`);
  });

test("a_name_that_is_not_there_is_missed", () => {
  assert.ok(isThere("node/guarantees.test.mjs", "a_name_that_is_not_there_is_missed"));
  for (const name of ["a_name_that_is_not_there", "name_that_is_not_there_is_missed", "isThere"])
    assert.ok(!isThere("node/guarantees.test.mjs", name), name);
  assert.ok(!isThere("node/nowhere.test.mjs", "a_name_that_is_not_there_is_missed"));
});
