// The chaos table: `node tests/chaos/run.mjs`, and with OAUTH_REFRESHER_PACKAGE the same for another version of the package. Names in the
// arguments select rows. About five minutes.
import { play, scenarios } from "./scenarios.mjs";

const wanted = process.argv.slice(2);
const selected = scenarios.filter(({ name }) => !wanted.length || wanted.some((word) => name.includes(word)));
// what waits needs no processor: all at once, and the storm alone after them
const calm = selected.filter(({ name }) => !name.startsWith("killed"));
const storm = selected.filter(({ name }) => name.startsWith("killed"));
const rows = await Promise.all(calm.map((scenario) => play(scenario, true)));
for (const scenario of storm) rows.push(await play(scenario, true));
console.log(
  "| | processes | requests | rotations | second uses | sessions lost | of them savable | errors | storage-failed |",
);
console.log("|---|---:|---:|---:|---:|---:|---:|---|---|");
for (const row of rows) {
  const { name, skipped, processes, requests, rotations, secondUses, lost, savable, errors, failed } = row;
  const cells = skipped
    ? [`skipped: ${skipped}`]
    : [
        processes,
        requests,
        rotations,
        secondUses,
        lost,
        savable,
        JSON.stringify(errors),
        JSON.stringify(failed),
      ];
  console.log(`| ${name} | ${cells.join(" | ")} |`);
}
process.exit();
