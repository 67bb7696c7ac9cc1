// tests/REQUIREMENTS.md: every test that it names exists under that name, and every requirement has a test or a reason.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { isThere, namedBy, range, rowsOf } from "./tables.mjs";

/** The number of requirements of each letter. */
const WANTED = { A: 17, B: 13, C: 10, D: 10, E: 14, F: 12, G: 13, H: 10, I: 11 };
/** The reason for a requirement that does not concern a client. */
const REASON = /^outside: \S/;

const rows = rowsOf("REQUIREMENTS.md", "A-I");

test("every requirement has its row, and every row has a test or a reason", (t) => {
  for (const [kind, count] of Object.entries(WANTED))
    assert.deepEqual(
      rows.filter((row) => row.kind === kind).map(({ number }) => number),
      range(1, count),
      kind,
    );
  for (const { kind, number, claims, proof } of rows)
    assert.ok(claims.length > 0 || REASON.test(proof), `${kind}${number}`);
  const tested = rows.filter(({ claims }) => claims.length).length;
  t.diagnostic(`${tested} of ${rows.length} requirements tested, by ${namedBy(rows)} tests`);
});

for (const { kind, number, claims } of rows)
  test(`the tests of requirement ${kind}${number} exist under their names`, () => {
    for (const [file, name] of claims) assert.ok(isThere(file, name), `${file}: ${name}`);
  });
