// What sessions in vaults cost, as docs/cloudflare.md says it: the operations are counted on one object over days, each time that it is
// woken in a new instance, as after an hour without a caller; the rest is arithmetic.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { startOidc } from "../servers/oidc.mjs";
import { startWorker } from "./runtime.mjs";

const DAYS = 3;
const DAY_MS = 86_400_000;
const SESSIONS = 100_000;
const DAYS_OF_A_MONTH = 30;
/** Assumed: what the authorization server takes, with the way there. */
const REQUEST_SECONDS = 0.5;

/** Workers Paid in US dollars, and what a month of it includes; the documentation says where they are from. */
const PRICES = {
  request: { dollars: 0.15 / 1e6, included: 1e6 },
  gigabyteSecond: { dollars: 12.5 / 1e6, included: 400_000 },
  rowRead: { dollars: 0.001 / 1e6, included: 25e9 },
  rowWritten: { dollars: 1 / 1e6, included: 50e6 },
  gigabyteMonth: { dollars: 0.2, included: 5 },
};
/** An object is billed for so much memory, whatever it uses. */
const GIGABYTES = 0.128;

let oidc, worker, text;
before(async () => {
  oidc = await startOidc();
  worker = await startWorker({ oidc });
  text = await readFile(new URL("../../docs/cloudflare.md", import.meta.url), "utf8");
});
after(async () => {
  await worker?.close();
  await oidc.close();
});

test("the documented operations are those of one object over days and the documented sums follow", async (t) => {
  const vault = worker.vault("billed");
  const during = async (work) => {
    await vault.startCounting();
    const answer = await work();
    return { answer, ...(await vault.counted()) };
  };
  const login = await during(async () => vault.setTokens(await oidc.mint("none")));

  const rings = [];
  let passedMs = 0;
  while (passedMs < DAYS * DAY_MS) {
    await vault.crash().catch(() => {});
    const ring = await during(() => vault.untilAlarm());
    passedMs += ring.answer;
    rings.push(ring);
  }
  const [{ read, written }] = rings;
  assert.ok(
    rings.every((ring) => ring.read === read && ring.written === written),
    "each ring costs the same",
  );
  assert.equal(oidc.requests.length, rings.length, "each ring is a refresh, and none is for nothing");

  const warm = await during(() => vault.getAccessToken());
  await vault.crash().catch(() => {});
  const cold = await during(() => vault.getAccessToken());
  const { bytes } = cold;
  const out = await during(() => vault.signOut());

  const table = [
    ["`setTokens`", login],
    ["a refresh by the alarm", rings[0]],
    ["`getAccessToken`, object in memory", warm],
    ["`getAccessToken`, object evicted", cold],
    ["`signOut`", out],
  ];
  for (const [what, { read, written }] of table) says(`| ${what} | 1 | ${read} | ${written} |`);

  const ringsPerDay = (rings.length * DAY_MS) / passedMs;
  const day = {
    request: ringsPerDay,
    rowRead: ringsPerDay * read,
    rowWritten: ringsPerDay * written,
    gigabyteSecond: ringsPerDay * REQUEST_SECONDS * GIGABYTES,
    gigabyteMonth: bytes / 1e9 / DAYS_OF_A_MONTH,
  };
  const sums = { one: 0, all: 0 };
  for (const [unit, name] of [
    ["request", "requests (alarms)"],
    ["rowRead", "rows read"],
    ["rowWritten", "rows written"],
    ["gigabyteSecond", "GB-s"],
    ["gigabyteMonth", "GB-months stored"],
  ]) {
    const { dollars, included } = PRICES[unit];
    const month = day[unit] * SESSIONS * DAYS_OF_A_MONTH;
    const bill = Math.max(0, month - included) * dollars;
    sums.one += day[unit] * dollars * 1e6;
    sums.all += bill;
    t.diagnostic(`${name}: ${day[unit]} in a day of one, ${month} in a month of all, ${bill} dollars`);
    saysAbout(name, [day[unit], month, bill]);
  }
  t.diagnostic(`${sums.all} dollars; ${sums.one} for a million sessions and a day; ${bytes} bytes each`);
  saysAbout("**together**", [sums.all]);
  saysAbout("a million sessions for a day, nothing included", [sums.one]);
});

/** Within two parts of a hundred: the refresh-ahead has dice, and numbers are rounded. */
function saysAbout(name, numbers) {
  const row = text.split("\n").find((line) => line.startsWith(`| ${name} |`)) ?? "";
  const written = row
    .split("|")
    .slice(2)
    .map((cell) => cell.replaceAll(/[*, ]/g, "").replace("million", "e6"))
    .filter(Boolean)
    .map(Number);
  assert.equal(written.length, numbers.length, `docs/cloudflare.md: the row of ${name}`);
  written.forEach((number, i) =>
    assert.ok(
      Math.abs(number - numbers[i]) <= 0.02 * Math.max(number, numbers[i]),
      `${name}: ${numbers[i]}, not ${number}`,
    ),
  );
}

function says(line) {
  assert.ok(text.includes(line), `docs/cloudflare.md does not say: ${line}`);
}
